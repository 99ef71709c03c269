import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MockLlmServer } from '../../../src/testing/mock-llm-server.js';
import { get, post, sseData } from '../../support/raw-call.js';

/** The value at a path such as `choices.0.text`; `undefined` where there is none. */
function dig(value: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (at, key) => (at === null || at === undefined ? at : Reflect.get(Object(at), key)),
      value,
    );
}

const json = (text: string): unknown => JSON.parse(text);
const events = (text: string) => sseData(text).filter((data) => data !== '[DONE]');
const lines = (text: string) => text.trimEnd().split('\n').map(json);

let server: MockLlmServer;
beforeAll(async () => {
  server = await MockLlmServer.start({ name: 'a', tokens: 12, multibyte: true });
});
afterAll(() => server.kill());

/** Where each API keeps its text, how it limits it, and how it says that it is done. */
const APIS = [
  {
    path: '/v1/chat/completions',
    prompt: {
      messages: [
        { role: 'user', content: 'four' },
        { role: 'user', content: [{ type: 'text', text: 'five5' }] },
      ],
    },
    limit: { max_completion_tokens: 3 },
    whole: 'choices.0.message.content',
    finish: 'choices.0.finish_reason',
    piece: 'choices.0.delta.content',
    prompted: 'usage.prompt_tokens',
    split: events,
    end: 'data: [DONE]\n\n',
    reasons: ['stop', 'length'],
  },
  {
    path: '/v1/completions',
    prompt: { prompt: ['four', 'five5'] },
    limit: { max_tokens: 3 },
    whole: 'choices.0.text',
    finish: 'choices.0.finish_reason',
    piece: 'choices.0.text',
    prompted: 'usage.prompt_tokens',
    split: events,
    end: 'data: [DONE]\n\n',
    reasons: ['stop', 'length'],
  },
  {
    path: '/v1/responses',
    prompt: { instructions: 'four', input: 'five5' },
    limit: { max_output_tokens: 3 },
    whole: 'output.0.content.0.text',
    finish: 'status',
    piece: 'delta',
    prompted: 'usage.input_tokens',
    split: events,
    end: '}\n\n',
    reasons: ['completed', 'incomplete'],
  },
  {
    path: '/v1/messages',
    prompt: { system: 'four', messages: [{ role: 'user', content: 'five5' }] },
    limit: { max_tokens: 3 },
    whole: 'content.0.text',
    finish: 'stop_reason',
    piece: 'delta.text',
    prompted: 'usage.input_tokens',
    split: events,
    end: 'event: message_stop\ndata: {"type":"message_stop"}\n\n',
    reasons: ['end_turn', 'max_tokens'],
  },
  {
    path: '/api/chat',
    prompt: {
      messages: [
        { role: 'user', content: 'four' },
        { role: 'user', content: 'five5' },
      ],
    },
    limit: { options: { num_predict: 3 } },
    whole: 'message.content',
    finish: 'done_reason',
    piece: 'message.content',
    prompted: 'prompt_eval_count',
    split: lines,
    end: '}\n',
    reasons: ['stop', 'length'],
  },
  {
    path: '/api/generate',
    prompt: { system: 'four', prompt: 'five5' },
    limit: { options: { num_predict: 3 } },
    whole: 'response',
    finish: 'done_reason',
    piece: 'response',
    prompted: 'prompt_eval_count',
    split: lines,
    end: '}\n',
    reasons: ['stop', 'length'],
  },
];

describe.each(APIS)('POST $path', (api) => {
  const ask = (fields: object) => post(server.url + api.path, { model: 'm', ...api.prompt, ...fields });
  const pieces = (text: string) =>
    api.split(text).flatMap((event) => {
      const piece = dig(event, api.piece);
      return typeof piece === 'string' && piece !== '' ? [piece] : [];
    });

  it('answers in one piece, with the text, the model, the finish reason and the prompt counted as bytes / 4', async () => {
    const answer = await ask({ stream: false });
    expect(answer).toMatchObject({ status: 200, complete: true });
    expect(answer.headers).toMatchObject({ 'x-mock-server': 'a', 'content-type': 'application/json' });
    const body = json(answer.text);
    expect(dig(body, api.whole)).toBe(server.completionText());
    expect(dig(body, api.finish)).toBe(api.reasons[0]);
    expect(dig(body, api.prompted)).toBe(3);
    expect(dig(body, 'model')).toBe('m');
  });

  it('streams the same text in as many pieces as tokens, then its terminator', async () => {
    const answer = await ask({ stream: true });
    expect(answer).toMatchObject({ status: 200, complete: true });
    expect(pieces(answer.text)).toHaveLength(12);
    expect(pieces(answer.text).join('')).toBe(server.completionText());
    expect(answer.text.endsWith(api.end)).toBe(true);
  });

  it("stops at the request's own limit and says so, in both modes", async () => {
    const [whole, stream] = [
      await ask({ stream: false, ...api.limit }),
      await ask({ stream: true, ...api.limit }),
    ];
    expect(dig(json(whole.text), api.whole)).toBe(server.completionText(3));
    expect(dig(json(whole.text), api.finish)).toBe(api.reasons[1]);
    expect(pieces(stream.text).join('')).toBe(server.completionText(3));
  });

  it('answers 400 to a body that is not JSON, and to JSON that is no object', async () => {
    expect((await post(server.url + api.path, '{"model":')).status).toBe(400);
    expect((await post(server.url + api.path, '[1]')).status).toBe(400);
  });
});

describe('a chat stream', () => {
  it('opens with the role, and closes with finish reason, usage where asked for, and [DONE]', async () => {
    const body = {
      model: 'm',
      messages: [],
      stream: true,
      stream_options: { include_usage: true },
      max_tokens: 2,
    };
    const { text } = await post(`${server.url}/v1/chat/completions`, body);
    const chunks = sseData(text);
    expect(dig(chunks[0], 'choices.0.delta')).toEqual({ role: 'assistant', content: '' });
    expect(dig(chunks.at(-3), 'choices.0')).toMatchObject({ delta: {}, finish_reason: 'length' });
    expect(chunks.at(-2)).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 0, completion_tokens: 2, total_tokens: 2 },
    });
    expect(chunks.at(-1)).toBe('[DONE]');
    expect(chunks).toHaveLength(6);
  });

  it('has no usage event unless it is asked for', async () => {
    const { text } = await post(`${server.url}/v1/chat/completions`, {
      model: 'm',
      messages: [],
      stream: true,
    });
    expect(text).not.toContain('usage');
  });

  it('of no tokens at all still opens and closes', async () => {
    const body = { model: 'm', messages: [], stream: true, max_tokens: 0 };
    const { text } = await post(`${server.url}/v1/chat/completions`, body);
    expect(sseData(text)).toHaveLength(3);
  });
});

it('streams Ollama unless told not to', async () => {
  const { text, headers } = await post(`${server.url}/api/chat`, { model: 'm', messages: [] });
  expect(headers['content-type']).toBe('application/x-ndjson');
  expect(lines(text).map((line) => dig(line, 'done'))).toEqual([...Array(12).fill(false), true]);
});

it('numbers the events of a response and names each in its event line', async () => {
  const { text } = await post(`${server.url}/v1/responses`, { model: 'm', input: 'x', stream: true });
  const numbers = events(text).map((event) => dig(event, 'sequence_number'));
  expect(numbers).toEqual(numbers.map((_, index) => index));
  const names = [...text.matchAll(/^event: (.*)$/gm)].map(([, name]) => name);
  expect(names).toEqual(events(text).map((event) => dig(event, 'type')));
  expect(names).toContain('response.created');
  expect(names.at(-1)).toBe('response.completed');
});

describe('POST /v1/embeddings', () => {
  const embed = async (fields: object) =>
    JSON.parse((await post(`${server.url}/v1/embeddings`, { model: 'm', ...fields })).text).data as {
      index: number;
      embedding: number[] & string;
    }[];

  it('gives one vector for each input, equal for equal inputs only', async () => {
    const [first, second, third] = await embed({ input: ['x', 'y', 'x'], dimensions: 5 });
    expect(first?.embedding).toHaveLength(5);
    expect(third).toEqual({ ...first, index: 2 });
    expect(second?.embedding).not.toEqual(first?.embedding);
  });

  it('encodes the same floats in base64 on demand', async () => {
    const [plain] = await embed({ input: 'x' });
    const [encoded] = await embed({ input: 'x', encoding_format: 'base64' });
    const bytes = Buffer.from(encoded?.embedding ?? '', 'base64');
    const floats = Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readFloatLE(index * 4));
    expect(floats).toEqual(plain?.embedding);
  });
});

describe('beside inference', () => {
  it('lists its models', async () => {
    const { text } = await get(`${server.url}/v1/models`);
    expect(dig(json(text), 'data')).toMatchObject([{ id: 'mock-model', object: 'model' }]);
  });

  it('says how it is at /health, as it is told', async () => {
    expect((await get(`${server.url}/health`)).status).toBe(200);
    server.healthy = false;
    expect((await get(`${server.url}/health`)).status).toBe(503);
    server.healthy = true;
  });

  it("shows vLLM's gauges at /metrics", async () => {
    const { text } = await get(`${server.url}/metrics`);
    const names = [...text.matchAll(/^(vllm:\w+)\{[^}]*\} 0$/gm)].map(([, name]) => name);
    expect(names).toEqual([
      'vllm:num_requests_running',
      'vllm:num_requests_waiting',
      'vllm:kv_cache_usage_perc',
      'vllm:gpu_cache_usage_perc',
    ]);
  });

  it('answers 404 for anything else, in the form of OpenAI', async () => {
    const answer = await get(`${server.url}/v2/nothing`);
    expect(answer.status).toBe(404);
    expect(dig(json(answer.text), 'error')).toMatchObject({ code: 'unknown_url' });
  });
});

it('knows only its own models when it is strict, and any otherwise', async () => {
  await using strict = await MockLlmServer.start({ models: ['only'], strictModels: true });
  const ask = (model: string) => post(`${strict.url}/v1/chat/completions`, { model, messages: [] });
  expect((await ask('only')).status).toBe(200);
  const refused = await ask('other');
  expect(refused.status).toBe(404);
  expect(dig(json(refused.text), 'error')).toMatchObject({ code: 'model_not_found' });
});

it('completes with a text of the user, whole by default and started over when more is wanted', async () => {
  await using own = await MockLlmServer.start({ text: 'one two' });
  const ask = async (fields: object) =>
    dig(json((await post(`${own.url}/v1/completions`, { prompt: 'p', ...fields })).text), 'choices.0.text');
  expect(await ask({})).toBe('one two');
  expect(await ask({ max_tokens: 1 })).toBe('one');
  expect(own.completionText(3)).toBe('one twoone');
});

it('has characters of two, three and four bytes in its multi-byte text', () => {
  const lengths = new Set([...server.completionText(60)].map((character) => Buffer.byteLength(character)));
  expect(lengths).toEqual(new Set([1, 2, 3, 4]));
});
