import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  InvalidOptionError,
  isEvenkeelError,
  LoadBalancer,
  type LoadBalancerOptions,
} from '../../src/index.js';
import { CHAT, chat, Fleet } from '../support/fleet.js';
import { httpServer, tcpServer } from '../support/scripted-server.js';

const HERE = { url: 'http://127.0.0.1:1' };

/** What a user may get wrong, and the option that the error has to name. */
const INVALID: readonly [option: string, given: Record<string, unknown>][] = [
  ['endpoints', { endpoints: [] }],
  ['endpoints', { endpoints: undefined }],
  ['endpoints', { endpoints: 'http://127.0.0.1:8000' }],
  ['endpoints[0]', { endpoints: ['http://127.0.0.1:8000'] }],
  ['endpoints[0].url', { endpoints: [{}] }],
  ['endpoints[0].url', { endpoints: [{ url: '' }] }],
  ['endpoints[0].url', { endpoints: [{ url: '127.0.0.1:8000' }] }],
  ['endpoints[0].url', { endpoints: [{ url: '/v1' }] }],
  ['endpoints[0].url', { endpoints: [{ url: 'ftp://host' }] }],
  ['endpoints[0].url', { endpoints: [{ url: 'http://host:99999' }] }],
  ['endpoints[0].url', { endpoints: [{ url: 'http://host/?key=1' }] }],
  ['endpoints[0].url', { endpoints: [{ url: 'http://host/#part' }] }],
  ['endpoints[1].url', { endpoints: [HERE, { url: 'http://user:hunter2@host' }] }],
  ['endpoints[1].id', { endpoints: [HERE, HERE] }],
  ['endpoints[0].id', { endpoints: [{ ...HERE, id: '' }] }],
  ['endpoints[0].id', { endpoints: [{ ...HERE, id: 'a\r\nx: 1' }] }],
  ['endpoints[0].id', { endpoints: [{ ...HERE, id: 'x'.repeat(257) }] }],
  ['endpoints[0].weight', { endpoints: [{ ...HERE, weight: -1 }] }],
  ['endpoints[0].weight', { endpoints: [{ ...HERE, weight: Number.NaN }] }],
  ['endpoints[0].weight', { endpoints: [{ ...HERE, weight: Number.POSITIVE_INFINITY }] }],
  ['endpoints[0].weight', { endpoints: [{ ...HERE, weight: '3' }] }],
  ['endpoints[0].tier', { endpoints: [{ ...HERE, tier: -1 }] }],
  ['endpoints[0].tier', { endpoints: [{ ...HERE, tier: 0.5 }] }],
  ['endpoints[0].maxOutstanding', { endpoints: [{ ...HERE, maxOutstanding: 0 }] }],
  ['endpoints[0].maxOutstanding', { endpoints: [{ ...HERE, maxOutstanding: 1.5 }] }],
  ['endpoints[0].models', { endpoints: [{ ...HERE, models: [] }] }],
  ['endpoints[0].models', { endpoints: [{ ...HERE, models: [7] }] }],
  ['endpoints[0].models', { endpoints: [{ ...HERE, models: 'llama' }] }],
  ['endpoints[0].headers.x', { endpoints: [{ ...HERE, headers: { x: 'a\r\nb: c' } }] }],
  ['endpoints[0].headers.x y', { endpoints: [{ ...HERE, headers: { 'x y': 'a' } }] }],
  ['endpoints[0].headers.x', { endpoints: [{ ...HERE, headers: { x: 1 } }] }],
  ['endpoints[0].labels.gpu', { endpoints: [{ ...HERE, labels: { gpu: 1 } }] }],
  ['endpoints[0].quotaGroup', { endpoints: [{ ...HERE, quotaGroup: '' }] }],
  ['endpoints[0].wieght', { endpoints: [{ ...HERE, wieght: 2 }] }],
  ['options.polcy', { polcy: {} }],
  ['policy', { policy: 'round-robin' }],
  ['policy', { policy: {} }],
  ['policy.sample.size', { policy: { name: 'mine', select: () => undefined, sample: { above: 64 } } }],
  [
    'policy.sample.above',
    { policy: { name: 'mine', select: () => undefined, sample: { above: 0, size: 2 } } },
  ],
  ['timeouts', { timeouts: 5 }],
  ['timeouts.idle', { timeouts: { idle: 0 } }],
  ['timeouts.total', { timeouts: { total: -1 } }],
  ['timeouts.connect', { timeouts: { connect: Number.NaN } }],
  ['timeouts.firstToken', { timeouts: { firstToken: '1s' } }],
  ['timeouts.response', { timeouts: { response: null } }],
  ['timeouts.unread', { timeouts: { unread: 0 } }],
  ['timeouts.ttft', { timeouts: { ttft: 1 } }],
  ['retry', { retry: true }],
  ['retry.attempts', { retry: { attempts: 0 } }],
  ['retry.attempts', { retry: { attempts: 1.5 } }],
  ['retry.maxWait', { retry: { maxWait: -1 } }],
  ['retry.backoff.base', { retry: { backoff: { base: -1 } } }],
  ['retry.backoff.cap', { retry: { backoff: { base: 100, cap: 10 } } }],
  ['retry.budget.ratio', { retry: { budget: { ratio: -0.1 } } }],
  ['retry.budget.window', { retry: { budget: { window: 0 } } }],
  ['retry.policy', { retry: { policy: () => true } }],
  ['breaker', { breaker: true }],
  ['breaker.consecutiveFailures', { breaker: { consecutiveFailures: 0 } }],
  ['breaker.failureRatio', { breaker: { failureRatio: 1.1 } }],
  ['breaker.minimumRequests', { breaker: { minimumRequests: 0 } }],
  ['breaker.window', { breaker: { window: 0 } }],
  ['breaker.openFor', { breaker: { openFor: -5 } }],
  ['breaker.maxOpenFor', { breaker: { openFor: 100, maxOpenFor: 50 } }],
  ['breaker.maxOpenRatio', { breaker: { maxOpenRatio: 0 } }],
  ['breaker.failOpen', { breaker: { failOpen: 'yes' } }],
  ['breaker.trialTimeout', { breaker: { trialTimeout: 0 } }],
  ['admission', { admission: false }],
  ['admission.maxQueued', { admission: { maxQueued: -1 } }],
  ['admission.maxQueued', { admission: { maxQueued: Number.POSITIVE_INFINITY } }],
  ['admission.maxWait', { admission: { maxWait: 0 } }],
  ['slowStart', { slowStart: true }],
  ['slowStart.window', { slowStart: { window: 0 } }],
  ['slowStart.minFactor', { slowStart: { minFactor: 2 } }],
  ['slowStart.aggression', { slowStart: { aggression: 0 } }],
  ['affinityKey', { affinityKey: 'session' }],
  ['estimateTokens', { estimateTokens: 4 }],
  ['maxBodyBytes', { maxBodyBytes: 0 }],
  ['maxBodyBytes', { maxBodyBytes: '4mb' }],
  ['logger', { logger: { info() {} } }],
  ['clock', { clock: Date }],
  ['random', { random: 0.5 }],
];

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

describe('An option that is wrong is refused at construction, by name', () => {
  for (const [option, given] of INVALID) {
    it(`${option}: ${JSON.stringify(given, (_, value) => (typeof value === 'function' ? 'a function' : (value ?? String(value))))}`, () => {
      const options = { endpoints: [HERE], ...given } as unknown as LoadBalancerOptions;
      const error = thrownBy(() => new LoadBalancer(options));
      expect(error).toBeInstanceOf(InvalidOptionError);
      expect(error).toMatchObject({ option, code: 'INVALID_OPTION' });
      expect(String(error)).toContain(`\`${option}\``);
      expect(isEvenkeelError(error)).toBe(true);
    });
  }

  it('no options at all', () => {
    expect(thrownBy(() => new (LoadBalancer as unknown as new () => unknown)())).toBeInstanceOf(
      InvalidOptionError,
    );
  });

  it('without repeating a password or a key', () => {
    const url = thrownBy(() => new LoadBalancer({ endpoints: [{ url: 'http://user:hunter2@host/' }] }));
    const header = thrownBy(
      () => new LoadBalancer({ endpoints: [{ ...HERE, headers: { authorization: 'Bearer hunter2\n' } }] }),
    );
    for (const error of [url, header]) {
      expect(error).toBeInstanceOf(InvalidOptionError);
      expect(JSON.stringify({ ...(error as InvalidOptionError), text: String(error) })).not.toContain(
        'hunter2',
      );
    }
  });

  it('also when endpoints come at run time, which leaves those that are there', async () => {
    await using balancer = new LoadBalancer({ endpoints: [HERE] });
    expect(thrownBy(() => balancer.add({ url: 'nowhere' }))).toMatchObject({ option: 'endpoint.url' });
    expect(thrownBy(() => balancer.add(HERE))).toBeInstanceOf(InvalidOptionError);
    expect(thrownBy(() => balancer.update([HERE, { ...HERE, weight: -1, id: 'b' }]))).toMatchObject({
      option: 'endpoints[1].weight',
    });
    expect(balancer.endpoints.map(({ id }) => id)).toEqual([HERE.url]);
  });
});

describe('A bad request gets a clear answer, and the next one is served', () => {
  let fleet: Fleet;

  beforeAll(async () => {
    fleet = await Fleet.start({ endpoint: () => ({ models: ['mock-model'] }) });
  });

  afterAll(async () => {
    await fleet.settled();
    await fleet[Symbol.asyncDispose]();
  });

  /** The balancer's own answer: no server has seen the request. */
  async function refusal(path: string, init: RequestInit): Promise<{ status: number; error: unknown }> {
    const before = fleet.served;
    const response = await fleet.balancer.fetch(path, init);
    const { error } = (await response.json()) as { error: unknown };
    expect(fleet.served).toBe(before);
    expect(response.headers.get('x-should-retry')).toBe('false');
    expect((await fleet.balancer.fetch(CHAT, chat(false))).status).toBe(200);
    return { status: response.status, error };
  }

  for (const body of ['{', '{"model":', '{"model":"mock-model"', '{"model" "mock-model"}', '{}}', '{,}']) {
    it(`malformed JSON: ${body}`, async () => {
      expect(await refusal(CHAT, { ...chat(false), body })).toMatchObject({
        status: 400,
        error: { type: 'invalid_request_error', code: 'invalid_json', param: null },
      });
    });
  }

  it('a body of 100 MB', async () => {
    const body = Buffer.alloc(100 * 1024 * 1024, ' ');
    expect(await refusal(CHAT, { ...chat(false), body })).toMatchObject({
      status: 413,
      error: { code: 'body_too_large' },
    });
  });

  it('a stream of 100 MB, which is not read beyond the limit', async () => {
    const chunk = new Uint8Array(64 * 1024);
    let pulled = 0;
    let cancelled = false;
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          pulled += chunk.length;
          controller.enqueue(chunk);
          if (pulled >= 100 * 1024 * 1024) controller.close();
        },
        cancel() {
          cancelled = true;
        },
      },
      { highWaterMark: 0 },
    );
    const init = { ...chat(false), body, duplex: 'half' } as RequestInit;
    expect(await refusal(CHAT, init)).toMatchObject({ status: 413, error: { code: 'body_too_large' } });
    expect(pulled).toBe(4 * 1024 * 1024 + chunk.length);
    expect(cancelled).toBe(true);
  });

  it('a model that no endpoint serves', async () => {
    const init = chat(false, { model: 'gpt-"9"' });
    expect(await refusal(CHAT, init)).toMatchObject({
      status: 404,
      error: {
        type: 'invalid_request_error',
        code: 'model_not_found',
        message: expect.stringContaining('gpt-\\"9\\"'),
      },
    });
  });

  for (const headers of [
    { 'x-one': 'a\r\nx-two: b' },
    { 'x-one': 'a\nb' },
    { 'x one': 'a' },
    { 'x-one': 'a\0' },
  ]) {
    it(`a header that would be two: ${JSON.stringify(headers)}`, async () => {
      const init = { ...chat(false), headers: headers as unknown as Record<string, string> };
      expect(await refusal(CHAT, init)).toMatchObject({ status: 400, error: { code: 'invalid_request' } });
      expect(fleet.balancer.endpoints.map(({ state }) => state)).toEqual(['healthy', 'healthy']);
    });
  }

  it('endpoints that are not there', async () => {
    const response = await fleet.balancer.fetch(CHAT, {
      ...chat(false),
      evenkeel: { endpoints: ['gone'] },
    } as RequestInit);
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ error: { code: 'no_endpoint', type: 'server_error' } });
  });

  it('as a typed error of the OpenAI client', async () => {
    const client = new OpenAI({
      apiKey: 'unused',
      baseURL: fleet.balancer.baseURL,
      fetch: fleet.balancer.fetch,
    });
    const ask = (model: string, content: string) =>
      client.chat.completions.create({ model, messages: [{ role: 'user', content }] });
    await expect(ask('unknown', 'Hello')).rejects.toMatchObject({
      constructor: OpenAI.NotFoundError,
      status: 404,
      code: 'model_not_found',
      type: 'invalid_request_error',
    });
    await expect(ask('mock-model', 'x'.repeat(5 * 1024 * 1024))).rejects.toMatchObject({
      constructor: OpenAI.APIError,
      status: 413,
      code: 'body_too_large',
    });
  });
});

describe('A server that answers nonsense does the process no harm', () => {
  /** The answer to one request over a raw socket, and what became of the endpoint. */
  async function answerOf(bytes: string | Buffer): Promise<Response> {
    await using server = await tcpServer((socket) => {
      socket.once('data', () => socket.end(bytes));
    });
    await using balancer = new LoadBalancer({ endpoints: [{ url: server.url, id: 'only' }], retry: false });
    const response = await balancer.fetch(CHAT, chat(false));
    const copy = new Response(await response.arrayBuffer(), response);
    expect(balancer.snapshot()).toMatchObject({ outstanding: 0, queued: 0 });
    return copy;
  }

  const nonsense: readonly [string, string | Buffer][] = [
    ['bytes at random', Buffer.from(Array.from({ length: 512 }, (_, index) => (index * 197) & 0xff))],
    ['another protocol', 'SSH-2.0-OpenSSH_9.6\r\n'],
    ['headers without end', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(200_000)}`],
    ['a header that holds a control byte', 'HTTP/1.1 200 OK\r\nx-odd: a\x01b\r\ncontent-length: 2\r\n\r\n{}'],
    [
      'a header split by a bare return',
      'HTTP/1.1 200 OK\r\nx-odd: a\rset-cookie: b\r\ncontent-length: 2\r\n\r\n{}',
    ],
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 9\r\n\r\n{}'],
    ['a broken chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}'],
    ['less than its length says', 'HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n{"a":1}'],
    [
      'HTML as JSON',
      'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 13\r\n\r\n<html></html>',
    ],
    ['nothing', ''],
  ];
  for (const [name, bytes] of nonsense) {
    it(`${name}: 502`, async () => {
      const response = await answerOf(bytes);
      expect(response.status).toBe(502);
      expect(await response.json()).toMatchObject({ error: { type: 'server_error' } });
    });
  }

  it('a header in Latin-1, as HTTP allows, comes through', async () => {
    const response = await answerOf(
      Buffer.from('HTTP/1.1 200 Tr\xe8s bien\r\nx-name: caf\xe9\r\ncontent-length: 2\r\n\r\n{}', 'latin1'),
    );
    expect(response.headers.get('x-name')).toBe('caf\xe9');
    expect(await response.text()).toBe('{}');
  });

  it('a status that Response does not know becomes 502', async () => {
    const response = await answerOf('HTTP/1.1 799 Odd\r\ncontent-length: 2\r\n\r\n{}');
    expect(response.status).toBe(502);
  });

  it('a server cannot pass for another: the balancer names the endpoint itself', async () => {
    await using server = await httpServer((request, response) => {
      request.resume();
      response.setHeader('x-evenkeel-endpoint', 'other').setHeader('x-evenkeel-attempts', '9');
      response.end('{}');
    });
    await using balancer = new LoadBalancer({ endpoints: [{ url: server.url, id: 'only' }] });
    const { headers } = await balancer.fetch('/v1/models');
    expect([headers.get('x-evenkeel-endpoint'), headers.get('x-evenkeel-attempts')]).toEqual(['only', '1']);
  });
});
