import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import {
  continueFinalMessage,
  LoadBalancer,
  type LoadBalancerOptions,
  StreamError,
} from '../../src/index.js';
import {
  type MockFault,
  MockLlmServer,
  type MockLlmServerOptions,
  manualClock,
} from '../../src/testing/index.js';
import { readChatStream, seamless } from '../support/chat-stream.js';
import { CHAT, chat, Fleet } from '../support/fleet.js';
import { httpServer } from '../support/scripted-server.js';

const PATIENT: LoadBalancerOptions['retry'] = {
  backoff: { base: 0, cap: 0 },
  budget: { ratio: 10, reserve: 100_000, minConcurrent: 1_000 },
};
const USAGE = { stream_options: { include_usage: true } };

/** `s0` is asked first and fails as told; `s1` is there to go on. */
function pair(
  fault: MockFault | undefined,
  options: Omit<LoadBalancerOptions, 'endpoints'> = {},
  server: MockLlmServerOptions = {},
) {
  return Fleet.start({
    servers: [
      { multibyte: true, ...server },
      { multibyte: true, ...server },
    ],
    endpoint: (index) => ({ tier: index }),
    retry: PATIENT,
    resume: true,
    ...options,
  }).then((fleet) => {
    fleet.server(0).fault = fault;
    return fleet;
  });
}

async function stream(fleet: Fleet, extra: Record<string, unknown> = {}): Promise<string> {
  return (await fleet.balancer.fetch(CHAT, chat(true, extra))).text();
}

describe('A chat stream that breaks off, with resume', () => {
  const faults: readonly (readonly [string, MockFault])[] = [
    ['the connection is closed', { kind: 'cut', after: 5 }],
    ['the stream ends without its terminator', { kind: 'end-early', after: 5 }],
    ['an error event comes', { kind: 'error-event', after: 5 }],
    [
      'the endpoint is overloaded in the middle',
      { kind: 'error-event', after: 5, error: { message: 'overloaded' } },
    ],
    ['a malformed event comes', { kind: 'malformed', after: 5 }],
    ['the engine gives the answer up', { kind: 'abort', after: 5 }],
  ];
  for (const [name, fault] of faults) {
    it(`goes on elsewhere when ${name}: one whole answer, and one event tells of the seam`, async () => {
      await using fleet = await pair(fault);
      const answer = readChatStream(await stream(fleet, USAGE));
      expect(answer).toMatchObject(seamless(fleet.server(0).completionText()));
      expect(answer).toMatchObject({ ids: ['chatcmpl-s0-1'], fingerprints: ['s0'], models: ['mock-model'] });
      expect(answer.usages).toEqual([{ prompt_tokens: 2, completion_tokens: 16, total_tokens: 18 }]);
      expect(fleet.of('stream-resumed')).toMatchObject([{ from: 's0', to: 's1', tokens: 5 }]);
      await fleet.settled();
      expect(fleet.of('attempt-settled').map(({ endpoint, outcome }) => [endpoint, outcome.kind])).toEqual([
        ['s0', fault.kind === 'error-event' && fault.error !== undefined ? 'overloaded' : 'fault'],
        ['s1', 'success'],
      ]);
      expect(fleet.of('request-finished')).toMatchObject([{ outcome: 'success', attempts: 2, status: 200 }]);
    });
  }

  it('goes on elsewhere after a stall, however long its comments keep coming', async () => {
    await using fleet = await pair(
      { kind: 'stall-with-comments', after: 5, interval: 5 },
      { timeouts: { idle: 50 } },
    );
    const answer = readChatStream(await stream(fleet));
    expect(answer).toMatchObject(seamless(fleet.server(0).completionText()));
    await fleet.settled();
  });

  it('asks for the rest alone: the text so far as a last assistant message, and what is left of the limit', async () => {
    await using fleet = await pair({ kind: 'cut', after: 5 });
    const answer = readChatStream(await stream(fleet, { max_tokens: 9, ...USAGE }));
    expect(answer).toMatchObject(seamless(fleet.server(0).completionText(9), 'length'));
    expect(answer.usages).toEqual([{ prompt_tokens: 2, completion_tokens: 9, total_tokens: 11 }]);
    const text = fleet.server(0).completionText(5);
    expect(fleet.server(1).requests[0]?.body).toEqual({
      model: 'mock-model',
      stream: true,
      messages: [
        { role: 'user', content: 'Hello' },
        { role: 'assistant', content: text },
      ],
      max_tokens: 4,
      ...USAGE,
      continue_final_message: true,
      add_generation_prompt: false,
    });
    await fleet.settled();
  });

  it('writes white space once, though the next endpoint is asked without it', async () => {
    const text = 'One.\n\n  Two. \n Three.';
    await using fleet = await pair(undefined, {}, { text });
    const pieces = fleet.server(0).requests.length;
    expect(pieces).toBe(0);
    // A piece of its own for each character, so that a cut falls between white space as well.
    const whole = chunks([...text]);
    for (let after = 1; after < whole.length - 2; after++) {
      await using first = await httpServer((_, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(whole.slice(0, after + 1).join(''), () => response.destroy());
      });
      await using balancer = new LoadBalancer({
        endpoints: [{ url: first.url }, { url: fleet.server(1).url, tier: 1 }],
        retry: PATIENT,
        resume: true,
      });
      const answer = readChatStream(await (await balancer.fetch(CHAT, chat(true))).text());
      expect(answer).toMatchObject(seamless(text));
    }
  });

  it('is whole for the OpenAI client, through two seams', async () => {
    await using fleet = await Fleet.start({
      servers: [{ multibyte: true }, { multibyte: true }, { multibyte: true }],
      endpoint: (index) => ({ tier: index }),
      retry: PATIENT,
      resume: true,
    });
    fleet.server(0).fault = { kind: 'cut', after: 3 };
    fleet.server(1).fault = { kind: 'cut', after: 4 };
    const { baseURL, fetch } = fleet.balancer;
    const client = new OpenAI({ apiKey: 'unused', baseURL, fetch, maxRetries: 0 });
    const chunksSeen = [];
    for await (const chunk of await client.chat.completions.create({
      model: 'mock-model',
      messages: [{ role: 'user', content: 'Hello' }],
      stream: true,
      ...USAGE,
    }))
      chunksSeen.push(chunk);
    expect(chunksSeen.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe(
      fleet.server(0).completionText(),
    );
    expect(new Set(chunksSeen.map(({ id }) => id)).size).toBe(1);
    expect(chunksSeen.at(-1)?.usage).toEqual({ prompt_tokens: 2, completion_tokens: 16, total_tokens: 18 });
    expect(fleet.of('stream-resumed').map(({ tokens }) => tokens)).toEqual([3, 7]);
    await fleet.settled();
  });

  it('names the model as the first endpoint did, where another serves it under another name', async () => {
    await using a = await MockLlmServer.start({ name: 'a' });
    await using b = await MockLlmServer.start({ name: 'b' });
    a.fault = { kind: 'cut', after: 3 };
    await using balancer = new LoadBalancer({
      endpoints: [
        { url: a.url, models: { llama: 'llama-a' } },
        { url: b.url, tier: 1, models: { llama: 'llama-b' } },
      ],
      retry: PATIENT,
      resume: true,
    });
    const answer = readChatStream(await (await balancer.fetch(CHAT, chat(true, { model: 'llama' }))).text());
    expect(answer).toMatchObject({ ...seamless(a.completionText()), models: ['llama-a'] });
    expect(b.requests[0]?.body).toMatchObject({ model: 'llama-b' });
  });
});

/** The events of a stream of these pieces. */
function chunks(pieces: readonly string[]): string[] {
  const event = (delta: object, finish: string | null = null) =>
    `data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
  return [
    event({ role: 'assistant', content: '' }),
    ...pieces.map((content) => event({ content })),
    event({}, 'stop'),
    'data: [DONE]\n\n',
  ];
}

describe('A stream that is cut at any byte', () => {
  const ERROR =
    '\n\ndata: {"error":{"message":"CUDA out of memory","type":"server_error"}}\n\ndata: [DONE]\n\n';
  for (const [name, mode] of [
    ['by a reset', 'reset'],
    ['by a clean end', 'end'],
    ['by an error event', 'error'],
  ] as const) {
    it(`${name} is one exact answer all the same`, { timeout: 60_000 }, async () => {
      await using mock = await MockLlmServer.start({
        name: 'b',
        tokens: 5,
        multibyte: true,
        text: 'Grüße 日本 🦊👩‍🚀 und mehr',
      });
      const recorded = Buffer.from(await (await fetch(mock.url + CHAT, chat(true) as object)).arrayBuffer());
      // Error events after the finish reason are passed on: there is no text left to save.
      const last = mode === 'error' ? recorded.indexOf('data: [DONE]') - 1 : recorded.length;
      await using first = await httpServer((request, response) => {
        const at = Number(request.headers['x-cut-at']);
        request.resume();
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        if (mode === 'end') response.end(recorded.subarray(0, at));
        else if (mode === 'error')
          response.end(Buffer.concat([recorded.subarray(0, at), Buffer.from(ERROR)]));
        else {
          response.flushHeaders();
          response.write(recorded.subarray(0, at), () => response.destroy());
        }
      });
      await using balancer = new LoadBalancer({
        endpoints: [
          { url: first.url, id: 'a' },
          { url: mock.url, id: 'b', tier: 1 },
        ],
        retry: PATIENT,
        breaker: false,
        resume: true,
      });
      const expected = { ...seamless(mock.completionText()), idCount: 1 };
      const wrong: unknown[] = [];
      let at = 0;
      const worker = async () => {
        while (at <= last) {
          const cut = at++;
          const init = chat(true);
          const headers = { 'content-type': 'application/json', 'x-cut-at': String(cut) };
          const response = await balancer.fetch(CHAT, { ...init, headers } as object);
          const body = await response.text();
          try {
            const { text, roles, finishes, dones, doneLast, ids } = readChatStream(body);
            // A server may leave the terminator out after the finish reason; it is not invented for it.
            const done = recorded.indexOf('data: [DONE]');
            const cleanEnd = mode === 'end' && dones === 0 && cut <= done && cut >= done - '\n\n'.length;
            const actual = { text, roles, finishes, dones, doneLast, idCount: ids.length };
            expect(cleanEnd ? { ...actual, dones: 1, doneLast: true } : actual).toEqual(expected);
          } catch (error) {
            wrong.push({ cut, body, error: String(error) });
          }
        }
      };
      await Promise.all(Array.from({ length: 8 }, worker));
      expect(wrong).toEqual([]);
      expect(at).toBeGreaterThan(1_000);
      expect(balancer.snapshot().outstanding).toBe(0);
    });
  }
});

function mistake(): never {
  throw new Error('my mistake');
}

describe('Resume refuses, and the stream fails as without it,', () => {
  const refusals: readonly (readonly [string, Record<string, unknown>])[] = [
    ['tools', { tools: [{ type: 'function', function: { name: 'f' } }] }],
    ['logprobs', { logprobs: true }],
    ['several choices', { n: 2 }],
    ['structured output', { response_format: { type: 'json_object' } }],
    ["vLLM's guided output", { guided_json: {} }],
    [
      'a message of its own to continue',
      {
        messages: [
          { role: 'user', content: 'Hi' },
          { role: 'assistant', content: 'A' },
        ],
      },
    ],
    ['a stop sequence whose beginning has come', { stop: ['ERR', 'e aus X'] }],
  ];
  for (const [name, extra] of refusals) {
    it(`for a request with ${name}`, async () => {
      await using fleet = await pair({ kind: 'cut', after: 2 }, {}, { text: 'Grüß e aus dem' });
      await expect(stream(fleet, extra)).rejects.toMatchObject({ code: 'STREAM_RESET', endpoint: 's0' });
      expect(fleet.server(1).stats.requests).toBe(0);
      expect(fleet.of('stream-resumed')).toEqual([]);
      await fleet.settled();
    });
  }

  it('for a stream of another API', async () => {
    await using fleet = await pair({ kind: 'cut', after: 3 });
    const response = await fleet.balancer.fetch('/v1/completions', chat(true, { prompt: 'Hi' }));
    await expect(response.text()).rejects.toBeInstanceOf(StreamError);
    expect(fleet.server(1).stats.requests).toBe(0);
    await fleet.settled();
  });

  it('when nobody can go on: the caller has what came, half an event included, and the first error', async () => {
    const recorded = chunks(['One', ' two', ' three']);
    const sent = `${recorded.slice(0, 3).join('')}data: {"id":`;
    await using only = await httpServer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(sent, () => response.destroy());
    });
    await using refusing = await MockLlmServer.start();
    refusing.fault = { kind: 'status', status: 400 };
    await using balancer = new LoadBalancer({
      endpoints: [
        { url: only.url, id: 'a' },
        { url: refusing.url, id: 'b', tier: 1 },
      ],
      retry: PATIENT,
      resume: true,
    });
    const response = await balancer.fetch(CHAT, chat(true));
    let seen = '';
    const reading = (async () => {
      for await (const chunk of response.body ?? []) seen += Buffer.from(chunk).toString();
    })();
    await expect(reading).rejects.toMatchObject({ code: 'STREAM_RESET', endpoint: 'a' });
    expect(seen).toBe(sent);
    expect(refusing.stats.requests).toBe(1);
    expect(balancer.snapshot().outstanding).toBe(0);
  });

  it('when nobody can go on after an error event: the event and all that follows come as they are', async () => {
    await using plain = await pair({ kind: 'error-event', after: 5 }, { resume: false });
    const expected = await stream(plain);
    await using fleet = await pair({ kind: 'error-event', after: 5 });
    fleet.server(1).fault = { kind: 'status', status: 400 };
    const created = /"created":\d+/g;
    expect((await stream(fleet)).replace(created, '')).toBe(expected.replace(created, ''));
    await fleet.settled();
    expect(fleet.of('request-finished')).toMatchObject([{ outcome: 'fault' }]);
  });

  it('after as many seams as the strategy allows', async () => {
    await using fleet = await pair({ kind: 'cut', after: 2 }, { resume: continueFinalMessage({ seams: 2 }) });
    fleet.server(1).fault = { kind: 'cut', after: 2 };
    await expect(stream(fleet)).rejects.toMatchObject({ code: 'STREAM_RESET' });
    expect(fleet.of('stream-resumed')).toHaveLength(2);
    expect(fleet.served).toBe(3);
    await fleet.settled();
  });

  it('on endpoints that the strategy does not accept', async () => {
    await using fleet = await pair(
      { kind: 'cut', after: 2 },
      { resume: continueFinalMessage({ endpoints: ({ labels }) => labels.engine === 'vllm' }) },
    );
    await expect(stream(fleet)).rejects.toMatchObject({ code: 'STREAM_RESET', endpoint: 's0' });
    expect(fleet.server(1).stats.requests).toBe(0);
    await fleet.settled();
  });

  it('when the retry budget is used up', async () => {
    await using fleet = await pair(
      { kind: 'end-early', after: 2 },
      { retry: { budget: { ratio: 0, reserve: 0, minConcurrent: 0 } } },
    );
    await expect(stream(fleet)).rejects.toMatchObject({ code: 'STREAM_TRUNCATED' });
    expect(fleet.of('retry-denied')).toMatchObject([{ reason: 'budget' }]);
    await fleet.settled();
  });

  it.each<[string, Omit<LoadBalancerOptions, 'endpoints'>]>([
    ['strategy', { resume: { name: 'mine', continueFrom: mistake } }],
    [
      "strategy's choice of endpoints",
      { resume: { ...continueFinalMessage(), name: 'mine', accepts: mistake } },
    ],
    [
      'retry policy',
      { resume: { ...continueFinalMessage(), name: 'mine' }, retry: { policy: { decide: mistake } } },
    ],
  ])('when the %s throws', async (_name, options) => {
    const errors: unknown[] = [];
    const log = () => {};
    await using fleet = await pair(
      { kind: 'cut', after: 2 },
      {
        ...options,
        logger: { debug: log, info: log, warn: log, error: (fields) => errors.push(fields) },
      },
    );
    await expect(stream(fleet)).rejects.toMatchObject({ code: 'STREAM_RESET' });
    expect(errors).toMatchObject([{ strategy: 'mine', err: { message: 'my mistake' } }]);
    await fleet.settled();
  });
});

describe('An answer of which only the end is missing', () => {
  it('is ended without a further request when its finish reason has come', async () => {
    await using fleet = await pair({ kind: 'cut', after: 100 });
    const recorded = chunks(['One', ' two']).slice(0, -1).join('');
    await using first = await httpServer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`${recorded}data: [DO`, () => response.destroy());
    });
    const { balancer } = fleet;
    balancer.update([{ id: 'a', url: first.url }]);
    const answer = readChatStream(await stream(fleet));
    expect(answer).toMatchObject(seamless('One two'));
    expect(fleet.served).toBe(0);
    await fleet.until(() => fleet.of('request-finished').length === 1);
    expect(fleet.of('stream-resumed')).toMatchObject([{ from: 'a', to: undefined }]);
    expect(fleet.of('request-finished')).toMatchObject([{ outcome: 'success' }]);
  });

  it('is ended with the reason "length" when its token limit is used up', async () => {
    await using fleet = await pair({ kind: 'cut', after: 5 });
    const answer = readChatStream(await stream(fleet, { max_completion_tokens: 5 }));
    expect(answer).toMatchObject(seamless(fleet.server(0).completionText(5), 'length'));
    expect(fleet.server(1).stats.requests).toBe(0);
    expect(fleet.of('stream-resumed')).toMatchObject([{ from: 's0', to: undefined, tokens: 5 }]);
    await fleet.settled();
  });
});

describe('A request that is stopped', () => {
  /** A stream that has broken off, with its continuation held up before the first content. */
  async function inSeam(options: Omit<LoadBalancerOptions, 'endpoints'> = {}, signal?: AbortSignal) {
    const fleet = await pair({ kind: 'cut', after: 3 }, options);
    fleet.server(1).fault = { kind: 'hang' };
    const response = await fleet.balancer.fetch(CHAT, { ...chat(true), signal } as object);
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    const reading = (async () => {
      while (!(await reader.read()).done);
    })();
    reading.catch(() => {});
    await fleet.server(1).waitFor(({ active }) => active === 1);
    return { fleet, reader, reading };
  }

  it('by the caller in the seam leaves nothing behind', async () => {
    const controller = new AbortController();
    const { fleet, reading } = await inSeam({}, controller.signal);
    await using _ = fleet;
    controller.abort(new Error('enough'));
    await expect(reading).rejects.toThrow('enough');
    await fleet.server(1).waitFor(({ aborted }) => aborted === 1);
    await fleet.settled();
    expect(fleet.of('request-finished')).toMatchObject([{ outcome: 'neutral' }]);
  });

  it('by a cancel of the body in the seam leaves nothing behind', async () => {
    const { fleet, reader } = await inSeam();
    await using _ = fleet;
    await reader.cancel();
    await fleet.server(1).waitFor(({ aborted }) => aborted === 1);
    await fleet.settled();
    expect(fleet.of('request-finished')).toMatchObject([{ outcome: 'neutral' }]);
  });

  it('by its deadline in the seam ends with an error', async () => {
    const clock = manualClock();
    const { fleet, reading } = await inSeam({ clock, timeouts: { total: 5_000 } });
    await using _ = fleet;
    await clock.advanceAsync(5_000);
    await expect(reading).rejects.toMatchObject({ code: 'STREAM_STALLED' });
    await fleet.settled();
  });

  it('by close in the seam ends with an error', async () => {
    const { fleet, reading } = await inSeam();
    await using _ = fleet;
    await fleet.balancer.close();
    await expect(reading).rejects.toMatchObject({ code: 'BALANCER_CLOSED' });
    await fleet.settled();
  });

  it('by the caller while it waits for a place in the seam leaves the queue', async () => {
    const controller = new AbortController();
    await using fleet = await pair(undefined, {});
    fleet.balancer.update(
      fleet.servers.map(({ url, name }, tier) => ({ url, id: name, tier, maxOutstanding: 1 })),
    );
    for (const server of fleet.servers) server.fault = { kind: 'stall', after: 3 };
    const read = async (signal?: AbortSignal) =>
      (await fleet.balancer.fetch(CHAT, { ...chat(true), signal } as object)).text();
    const other = new AbortController();
    const first = read(controller.signal);
    await fleet.until(() => fleet.of('first-token').length === 1);
    const second = read(other.signal);
    await fleet.until(() => fleet.of('first-token').length === 2);
    // The one endpoint dies and is gone; the other is full.
    fleet.balancer.remove('s0');
    await fleet.server(0).kill();
    await fleet.until(() => fleet.balancer.snapshot().queued === 1);
    controller.abort(new Error('enough'));
    await expect(first).rejects.toThrow('enough');
    expect(fleet.balancer.snapshot().queued).toBe(0);
    other.abort(new Error('done'));
    await expect(second).rejects.toThrow('done');
    await fleet.settled();
  });

  it('by the caller after the seam closes the connection to the endpoint that goes on', async () => {
    const controller = new AbortController();
    await using fleet = await pair({ kind: 'cut', after: 3 });
    fleet.server(1).fault = { kind: 'stall', after: 3 };
    const response = await fleet.balancer.fetch(CHAT, { ...chat(true), signal: controller.signal } as object);
    const reading = response.text();
    reading.catch(() => {});
    await fleet.until(() => fleet.of('stream-resumed').length === 1);
    controller.abort(new Error('enough'));
    await expect(reading).rejects.toThrow('enough');
    await fleet.server(1).waitFor(({ aborted }) => aborted === 1);
    await fleet.settled();
    expect(fleet.of('attempt-settled').at(-1)?.outcome).toEqual({ kind: 'neutral', reason: 'caller-left' });
  });
});

it('Without resume nothing of this happens', async () => {
  await using fleet = await pair({ kind: 'cut', after: 3 }, { resume: undefined });
  await expect(stream(fleet)).rejects.toMatchObject({ code: 'STREAM_RESET' });
  expect(fleet.server(1).stats.requests).toBe(0);
  await fleet.settled();
});
