import { readFileSync } from 'node:fs';
import { isEvenkeelError, LoadBalancer, type LoadBalancerOptions } from 'evenkeel';
import { MockLlmServer, manualClock, type RequestFault } from 'evenkeel/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** One row of the table on the page: what an endpoint does, and how a caller asks. */
interface Row {
  readonly fault: RequestFault | 'refuse';
  /** The caller asks for a plain answer. Default: for a stream. */
  readonly plain?: boolean;
  readonly options?: Partial<LoadBalancerOptions>;
}

/** Milliseconds for a clock of the balancer that must run out; the servers answer at once, or never. */
const SHORT = 250;
/** Milliseconds of the servers' own time between two tokens. */
const STEP = 10;
/** More than an answer has tokens. */
const ALL_STEPS = 20;

const ROWS: Readonly<Record<string, Row>> = {
  'refuses the connection': { fault: 'refuse' },
  'resets before the headers': { fault: { kind: 'reset-before-headers' } },
  'resets after the headers': { fault: { kind: 'reset-after-headers' } },
  'sends bytes that are not HTTP': { fault: { kind: 'garbage' } },
  'answers 400': { fault: { kind: 'status', status: 400 } },
  'answers 429 with `retry-after: 60`': {
    fault: { kind: 'status', status: 429, headers: { 'retry-after': '60' } },
  },
  'answers 500': { fault: { kind: 'status', status: 500 } },
  'never answers': { fault: { kind: 'hang' }, options: { timeouts: { firstToken: SHORT } } },
  'sends headers, then nothing': {
    fault: { kind: 'hang-after-headers' },
    options: { timeouts: { firstToken: SHORT } },
  },
  'sends comments only': {
    fault: { kind: 'comments-only', interval: 1 },
    options: { timeouts: { firstToken: SHORT } },
  },
  'sends HTML and calls it a stream': { fault: { kind: 'garbage-body' } },
  'sends a malformed event first': { fault: { kind: 'malformed', after: 0 } },
  'sends an error event first': { fault: { kind: 'error-event', after: 0 } },
  'ends cleanly before any content': { fault: { kind: 'end-early', after: 0 } },
  'stalls after 3 tokens': { fault: { kind: 'stall', after: 3 }, options: { timeouts: { idle: SHORT } } },
  'sends comments only after 3 tokens': {
    fault: { kind: 'stall-with-comments', after: 3, interval: 1 },
    options: { timeouts: { idle: SHORT } },
  },
  'closes the connection after 3 tokens': { fault: { kind: 'cut', after: 3 } },
  'ends cleanly after 3 tokens, without a terminator': { fault: { kind: 'end-early', after: 3 } },
  'sends a malformed event after 3 tokens': { fault: { kind: 'malformed', after: 3 } },
  'sends an error event after 3 tokens': { fault: { kind: 'error-event', after: 3 } },
  'plain answer: never answers': {
    fault: { kind: 'hang' },
    plain: true,
    options: { timeouts: { response: SHORT } },
  },
  'plain answer: falls silent in the body': {
    fault: { kind: 'stall', after: 3 },
    plain: true,
    options: { timeouts: { idle: SHORT } },
  },
  'plain answer: shorter than its `content-length`': { fault: { kind: 'short-body' }, plain: true },
  'plain answer: half of the JSON, cleanly ended': { fault: { kind: 'end-early', after: 3 }, plain: true },
  'plain answer: an HTML page': { fault: { kind: 'garbage-body' }, plain: true },
};

// The servers send one token when asked and the rest when the caller has the first: else whatever comes
// after the first token might reach the balancer together with it, when it can still be kept from the caller.
const time = manualClock();
let first: MockLlmServer;
let second: MockLlmServer;

beforeAll(async () => {
  const service = { stepTime: STEP };
  first = await MockLlmServer.start({ name: 'first', clock: time, service });
  second = await MockLlmServer.start({ name: 'second', clock: time, service });
  for (const server of [first, second]) {
    server.on('request', ({ body }) => {
      const steps = (body as { stream: boolean }).stream ? 1 : ALL_STEPS;
      setImmediate(() => time.advance(steps * STEP));
    });
  }
});

afterAll(async () => {
  await first.kill();
  await second.kill();
});

function makeBalancer(options: Partial<LoadBalancerOptions> = {}): LoadBalancer {
  return new LoadBalancer({
    // The first is always tried first: it is far the heavier.
    endpoints: [
      { url: first.url, id: 'first', weight: 1000 },
      { url: second.url, id: 'second' },
    ],
    retry: { attempts: 2, backoff: { base: 0, cap: 0 } },
    ...options,
  });
}

function ask(balancer: LoadBalancer, stream: boolean, init: RequestInit = {}): Promise<Response> {
  return balancer.fetch('/v1/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'mock-model', stream, messages: [{ role: 'user', content: 'Hello' }] }),
    ...init,
  });
}

/** What the caller saw, in the words of the page. */
async function describeAnswer(response: Response): Promise<string> {
  const { status, headers } = response;
  let text = '';
  try {
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk, { stream: true });
  } catch (error) {
    return isEvenkeelError(error) ? `error \`${error.code}\` in the body` : `error ${String(error)}`;
  }
  if (headers.get('x-should-retry') === 'false') {
    return `${status} \`${(JSON.parse(text) as { error: { code: string } }).error.code}\``;
  }
  const whole = status === 200 && (text.includes('[DONE]') || text.trimEnd().endsWith('}'));
  const clean = whole && !text.includes('"error"') && parses(text);
  if (headers.get('x-evenkeel-endpoint') === 'second' && clean) return 'the answer of another endpoint';
  return status === 200 ? 'the bytes as they came' : `the ${status} as it came`;
}

function parses(text: string): boolean {
  const data = text.startsWith('{')
    ? [text]
    : [...text.matchAll(/^data: (\{.*)$/gm)].map(([, json = '']) => json);
  return data.every((json) => {
    try {
      JSON.parse(json);
      return true;
    } catch {
      return false;
    }
  });
}

/** Sets a fault on some servers, asks once, and says what came of it. */
async function observe(row: Row, servers: readonly MockLlmServer[]): Promise<string> {
  const balancer = makeBalancer(row.options);
  for (const server of servers) {
    server.fault = row.fault === 'refuse' ? { kind: 'refuse' } : row.fault;
    await server.ready();
  }
  try {
    const response = await ask(balancer, row.plain !== true);
    const [seen] = await Promise.all([describeAnswer(response), time.advanceAsync(ALL_STEPS * STEP)]);
    expect(balancer.snapshot().outstanding).toBe(0);
    return seen;
  } finally {
    await balancer.close();
    await first.clearFaults();
    await second.clearFaults();
  }
}

/** The rows of the page's table: what happens, then what the caller sees. */
function tableOfThePage(): Map<string, readonly [string, string]> {
  const page = readFileSync('docs/streaming-and-failures.md', 'utf8');
  const section = /## What the caller sees\n([\s\S]*?)\n## /.exec(page)?.[1] ?? '';
  const rows = [...section.matchAll(/^\| (.+?) \| (.+?) \| (.+?) \|$/gm)].slice(1);
  return new Map(rows.map(([, name = '', one = '', all = '']) => [name, [one, all]]));
}

describe('the failure table of the page on streaming', () => {
  const page = tableOfThePage();

  it('has the rows that are tested here and no others', () => {
    expect([...page.keys()]).toEqual(Object.keys(ROWS));
  });

  it.each(Object.entries(ROWS))('is right about an endpoint that %s', async (name, row) => {
    const one = await observe(row, [first]);
    const all = await observe(row, [first, second]);
    expect([one, all]).toEqual(page.get(name));
  });
});

describe('what the page says of callers who leave', () => {
  it("rejects with the signal's reason before the answer, and closes the request to the endpoint", async () => {
    await using server = await MockLlmServer.start();
    server.fault = { kind: 'hang' };
    await using balancer = new LoadBalancer({ endpoints: [{ url: server.url }] });
    const leaving = new AbortController();
    server.once('request', () => leaving.abort(new Error('changed my mind')));
    await expect(ask(balancer, true, { signal: leaving.signal })).rejects.toThrow('changed my mind');
    await server.waitFor(({ aborted }) => aborted === 1);
    expect(balancer.snapshot().outstanding).toBe(0);
  });

  it("fails the body with the signal's reason in the middle of a stream", async () => {
    await using server = await MockLlmServer.start({ tokens: Number.POSITIVE_INFINITY });
    await using balancer = new LoadBalancer({ endpoints: [{ url: server.url }] });
    const leaving = new AbortController();
    const response = await ask(balancer, true, { signal: leaving.signal });
    leaving.abort(new Error('changed my mind'));
    await expect(response.text()).rejects.toThrow('changed my mind');
    await server.waitFor(({ aborted }) => aborted === 1);
    expect(balancer.snapshot().outstanding).toBe(0);
  });

  it('cuts an answer that nobody reads, and tells so whoever reads it later', async () => {
    await using server = await MockLlmServer.start({ tokens: Number.POSITIVE_INFINITY });
    await using balancer = new LoadBalancer({
      endpoints: [{ url: server.url }],
      timeouts: { unread: SHORT },
    });
    const response = await ask(balancer, true);
    await server.waitFor(({ aborted }) => aborted === 1);
    expect(balancer.snapshot().outstanding).toBe(0);
    await expect(response.text()).rejects.toMatchObject({ code: 'BODY_ABANDONED' });
  });
});
