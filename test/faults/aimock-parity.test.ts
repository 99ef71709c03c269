import { type ChaosConfig, type FixtureFileResponse, type FixtureOpts, LLMock } from '@copilotkit/aimock';
import { isEvenkeelError, LoadBalancer, type Outcome } from 'evenkeel';
import { type MockFault, MockLlmServer, manualClock } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';

// aimock is not ours: where it can fail in a way that MockLlmServer can, a balancer must come to the same verdict.

const TEXT = 'Hello from a foreign server.';
/** Milliseconds of the balancer's time, which stands still but where a limit has to run out. */
const LIMIT = 1000;
const NEVER = 1e9;
/** Milliseconds of real time between two chunks: enough that what comes after the first does not come with it. */
const STEP = 3;
/** Milliseconds after which aimock ends a silence of its own accord: no timer of its own outlives the file. */
const SILENCE = 5000;

type Asks = 'stream' | 'plain';

/** How aimock is told to fail. */
interface Theirs {
  readonly chaos?: ChaosConfig;
  /** Its answer. Default: the text. */
  readonly response?: FixtureFileResponse;
  readonly fixture?: FixtureOpts;
  /** It does not run any more. */
  readonly stopped?: boolean;
  /** Its base path; `/api` is the one under which it acts as OpenRouter. */
  readonly base?: string;
}

interface Row {
  readonly asks: readonly Asks[];
  readonly ours: MockFault;
  readonly theirs: Theirs;
  /** How the first attempt ends. */
  readonly outcome: string;
  /** Where the request goes. Default: chat completions. */
  readonly path?: string;
}

const BOTH: readonly Asks[] = ['stream', 'plain'];
const STREAM: readonly Asks[] = ['stream'];
const PLAIN: readonly Asks[] = ['plain'];

interface Scope {
  readonly faulty: readonly boolean[];
  readonly calls: number;
}

/** One of two servers fails, for so many calls that its breaker opens and is felt; then both do. */
const SCOPES: readonly Scope[] = [
  { faulty: [true, false], calls: 3 },
  { faulty: [true, true], calls: 1 },
];
/** Outcomes of limits that run out. */
const RUNS_OUT = ['timeout', 'stall'];
const JSON_TYPE = { 'content-type': 'application/json' };

const ROWS: Readonly<Record<string, Row>> = {
  'refuses the connection': {
    asks: BOTH,
    ours: { kind: 'refuse' },
    theirs: { stopped: true },
    outcome: 'connect',
  },
  'closes the connection before the headers': {
    asks: BOTH,
    ours: { kind: 'reset-before-headers' },
    theirs: { chaos: { disconnectRate: 1 } },
    outcome: 'reset',
  },
  'never answers': {
    asks: BOTH,
    ours: { kind: 'hang' },
    theirs: { chaos: { latencyMs: 30_000 } },
    outcome: 'timeout',
  },
  'answers late': {
    asks: BOTH,
    ours: { kind: 'slow', interval: 2 },
    theirs: { chaos: { latencyMs: 30 } },
    outcome: 'success',
  },
  ...Object.fromEntries(
    [
      [400, 'rejected'],
      [401, 'rejected'],
      [403, 'rejected'],
      [404, 'rejected'],
      [408, 'retryable-status'],
      [422, 'rejected'],
      [425, 'retryable-status'],
      [500, 'status'],
      [502, 'status'],
      [503, 'overloaded'],
      [504, 'status'],
      [529, 'overloaded'],
    ].map(([status, outcome]) => [`answers ${status}`, answers(Number(status), String(outcome))]),
  ),
  'answers 429 with `retry-after: 60`': {
    asks: BOTH,
    ours: { kind: 'status', status: 429, headers: { 'retry-after': '60' } },
    theirs: { response: { error: { message: 'Slow down' }, status: 429, retryAfter: 60 } },
    outcome: 'overloaded',
  },
  'answers 429 with `retry-after: 1`, as its chaos does': {
    asks: BOTH,
    ours: { kind: 'status', status: 429, headers: { 'retry-after': '1' } },
    theirs: { chaos: { rateLimitRate: 1 } },
    outcome: 'overloaded',
  },
  'answers 500, as its chaos does': {
    asks: BOTH,
    ours: { kind: 'status', status: 500 },
    theirs: { chaos: { dropRate: 1 } },
    outcome: 'status',
  },
  'answers broken JSON': {
    asks: PLAIN,
    ours: { kind: 'malformed', after: 0 },
    theirs: { chaos: { malformedRate: 1 } },
    outcome: 'malformed',
  },
  'answers broken JSON where a stream was asked for': {
    asks: STREAM,
    ours: { kind: 'status', status: 200, headers: JSON_TYPE, body: '{malformed json: <<<chaos>>>' },
    theirs: { chaos: { malformedRate: 1 } },
    outcome: 'malformed',
  },
  'sends an error as a 200': {
    asks: PLAIN,
    ours: { kind: 'error-event', after: 0 },
    theirs: { response: { error: { message: 'The engine failed' }, status: 200 } },
    outcome: 'error-event',
  },
  'sends an error as a 200 where a stream was asked for': {
    asks: STREAM,
    ours: { kind: 'status', status: 200, body: { error: { message: 'The engine failed' } } },
    theirs: { response: { error: { message: 'The engine failed' }, status: 200 } },
    outcome: 'error-event',
  },
  'gives the answer up: finish reason `abort`': {
    asks: BOTH,
    ours: { kind: 'abort', after: 1000 },
    theirs: { response: { content: TEXT, finishReason: 'abort' }, fixture: { latency: STEP } },
    outcome: 'truncated',
  },
  'sends a comment, then nothing': {
    asks: STREAM,
    ours: { kind: 'comments-only', count: 1 },
    theirs: { base: '/api', fixture: { openRouterProcessing: true, ...silentAfter(0) } },
    outcome: 'timeout',
  },
  'sends a comment, then answers': {
    asks: STREAM,
    ours: { kind: 'comments-only', count: 1, next: 'answer' },
    theirs: { base: '/api', fixture: { openRouterProcessing: true, latency: STEP } },
    outcome: 'success',
  },
  'sends the role and falls silent': {
    asks: STREAM,
    ours: { kind: 'stall', after: 0 },
    theirs: { fixture: silentAfter(1) },
    outcome: 'timeout',
  },
  'falls silent after 3 tokens': {
    asks: STREAM,
    ours: { kind: 'stall', after: 3 },
    theirs: { fixture: silentAfter(4) },
    outcome: 'stall',
  },
  'closes the connection before any content': {
    asks: STREAM,
    ours: { kind: 'cut', after: 0 },
    theirs: { fixture: { truncateAfterChunks: 1, latency: STEP } },
    outcome: 'reset',
  },
  'closes the connection after 3 tokens': {
    asks: STREAM,
    ours: { kind: 'cut', after: 3 },
    theirs: { fixture: { truncateAfterChunks: 4, latency: STEP } },
    outcome: 'reset',
  },
  'closes the connection some time after 3 tokens': {
    asks: STREAM,
    ours: { kind: 'cut', after: 3 },
    theirs: { fixture: { ...silentAfter(4), disconnectAfterMs: 400 } },
    outcome: 'reset',
  },
  'takes its time for each token': {
    asks: STREAM,
    ours: { kind: 'slow', interval: STEP },
    theirs: { fixture: { latency: STEP } },
    outcome: 'success',
  },
  ...Object.fromEntries(
    ['/v1/messages', '/v1/responses', '/api/chat'].map((path): [string, Row] => [
      `closes the connection in the middle of a stream of ${path}`,
      {
        asks: STREAM,
        path,
        ours: { kind: 'cut', after: 3 },
        theirs: { fixture: { truncateAfterChunks: 6, latency: STEP } },
        outcome: 'reset',
      },
    ]),
  ),
};

/** Every fault of MockLlmServer: compared above, or why aimock 1.43.0 has no means for it. */
const FAULTS: Readonly<Record<MockFault['kind'], string>> = {
  refuse: 'compared',
  'reset-before-headers': 'compared',
  'reset-after-headers': 'its headers go out with its first chunk',
  status: 'compared',
  hang: 'compared',
  'hang-after-headers': 'its headers go out with its first chunk',
  stall: 'compared',
  'stall-with-comments': 'it sends one comment at most, before the first chunk',
  cut: 'compared',
  'end-early': 'a stream that it ends itself has its finish reason and its terminator',
  malformed: 'compared',
  'error-event': 'compared',
  'comments-only': 'compared',
  abort: 'compared',
  slow: 'compared',
  garbage: 'all that it sends is HTTP',
  'garbage-body': 'its bodies are events or JSON, broken or not',
  'short-body': 'it promises no length',
};

function answers(status: number, outcome: string): Row {
  return {
    asks: BOTH,
    ours: { kind: 'status', status },
    theirs: { response: { error: { message: `Answer ${status}` }, status } },
    outcome,
  };
}

/** So many chunks, the role's included, and then none for as long as a test can last. */
function silentAfter(chunks: number): FixtureOpts {
  const delays = Array.from({ length: 100 }, (_, chunk) => (chunk < chunks ? STEP : SILENCE * 2));
  const [ttftMs = 0, ...interChunkDelaysMs] = delays;
  return {
    recordedTimings: { ttftMs, interChunkDelaysMs, totalDurationMs: 0 },
    disconnectAfterMs: SILENCE,
  };
}

/** Two servers, of which the first or both fail. */
interface Servers extends AsyncDisposable {
  readonly urls: readonly string[];
}

async function ours({ ours: fault }: Row, faulty: readonly boolean[]): Promise<Servers> {
  const servers = await Promise.all(
    faulty.map(() => MockLlmServer.start({ text: TEXT, service: { stepTime: STEP } })),
  );
  for (const [index, server] of servers.entries()) {
    if (faulty[index]) server.fault = fault;
    await server.ready();
  }
  return {
    urls: servers.map(({ url }) => url),
    async [Symbol.asyncDispose]() {
      await Promise.all(servers.map((server) => server.kill()));
    },
  };
}

async function theirs(
  { theirs: { base = '', ...fault } }: Row,
  faulty: readonly boolean[],
): Promise<Servers> {
  const servers = await Promise.all(
    faulty.map(async (fails) => {
      const server = new LLMock({ port: 0, host: '127.0.0.1', chunkSize: 5 });
      const { response = { content: TEXT }, fixture } = fails ? fault : {};
      server.onMessage('hello', response, fixture);
      if (fails && fault.chaos !== undefined) server.setChaos(fault.chaos);
      await server.start();
      return server;
    }),
  );
  const urls = servers.map(({ url }) => `${url}${base}`);
  if (fault.stopped) for (const [index, server] of servers.entries()) if (faulty[index]) await server.stop();
  return {
    urls,
    async [Symbol.asyncDispose]() {
      await Promise.all(
        servers.map((server, index) => (fault.stopped && faulty[index] ? undefined : server.stop())),
      );
    },
  };
}

/** What there is to see of some calls, one after the other. */
async function verdict({ urls }: Servers, row: Row, { faulty, calls, asks }: Scope & { asks: Asks }) {
  const clock = manualClock();
  await using balancer = new LoadBalancer({
    endpoints: urls.map((url, index) => ({ id: `s${index}`, url })),
    policy: { name: 'first', select: ([candidate]) => candidate },
    timeouts: {
      connect: NEVER,
      firstToken: row.outcome === 'stall' ? NEVER : LIMIT,
      response: LIMIT,
      idle: LIMIT,
    },
    retry: { attempts: 2, backoff: { base: 0, cap: 0 }, maxWait: 0 },
    breaker: { consecutiveFailures: 2, openFor: NEVER, maxOpenFor: NEVER },
    clock,
  });
  let outcomes: string[] = [];
  let failing = false;
  balancer.observe((event) => {
    if (event.type === 'attempt-started') failing = event.endpoint === 's0' || faulty[1] === true;
    if (event.type === 'attempt-settled') {
      failing = false;
      outcomes.push(inWords(event.outcome));
    }
  });
  const everyCall = async () => {
    const seen = [];
    for (let call = 0; call < calls; call++) {
      outcomes = [];
      const response = await ask(balancer, row, asks);
      const caller = await read(response);
      seen.push({
        status: response.status,
        endpoint: response.headers.get('x-evenkeel-endpoint'),
        attempts: response.headers.get('x-evenkeel-attempts'),
        caller,
        outcomes,
        states: balancer.endpoints.map(({ state }) => state),
      });
    }
    return seen;
  };
  const done = everyCall();
  // Time passes only while a faulty server has the request: a good one is never too late.
  if (RUNS_OUT.includes(row.outcome)) {
    let ended = false;
    void done.finally(() => {
      ended = true;
    });
    while (!ended) {
      await new Promise(setImmediate);
      if (failing) await clock.advanceAsync(LIMIT);
    }
  }
  const seen = await done;
  expect(balancer.snapshot()).toMatchObject({ outstanding: 0, queued: 0 });
  return seen;
}

function ask(balancer: LoadBalancer, { path = '/v1/chat/completions' }: Row, asks: Asks): Promise<Response> {
  return balancer.fetch(path, {
    method: 'POST',
    headers: { ...JSON_TYPE, 'x-api-key': 'unused', 'anthropic-version': '2023-06-01' },
    body: JSON.stringify({
      model: 'mock-model',
      max_tokens: 100,
      stream: asks === 'stream',
      messages: [{ role: 'user', content: 'hello' }],
      ...(path === '/v1/responses' && { input: 'hello' }),
    }),
  });
}

/** The answer in the caller's hands: whole, a stream's or the balancer's error, or bytes of the server's own. */
async function read(response: Response): Promise<string> {
  let text: string;
  try {
    text = await response.text();
  } catch (error) {
    return isEvenkeelError(error) ? error.code : String(error);
  }
  if (response.headers.get('x-should-retry') === 'false') return JSON.parse(text).error.code;
  const pieces = [...text.matchAll(/"(?:content|text|delta)":"([^"]*)"/g)].map(([, piece]) => piece);
  return pieces.join('').includes(TEXT) ? 'whole' : 'as it came';
}

/** All of an outcome but the message of its error and, since time passes in leaps, how far a late answer had come. */
function inWords(outcome: Outcome): string {
  if (outcome.kind !== 'fault') return Object.values(outcome).join(' ');
  const { reason, status, sent } = outcome;
  return [reason, reason.startsWith('timeout') ? '' : status, sent].join(' ');
}

describe('aimock and MockLlmServer behind a balancer', () => {
  it('are compared in every fault that aimock can make', () => {
    const compared = Object.entries(FAULTS).filter(([, means]) => means === 'compared');
    const kinds = new Set(Object.values(ROWS).map(({ ours }) => ours.kind));
    expect([...kinds].sort()).toEqual(compared.map(([kind]) => kind).sort());
  });

  for (const [name, row] of Object.entries(ROWS)) {
    it.each(row.asks)(`come to the same when a server ${name} (%s)`, async (asks) => {
      const compare = async (scope: Scope) => {
        await using our = await ours(row, scope.faulty);
        await using their = await theirs(row, scope.faulty);
        const verdicts = [our, their].map((servers) => verdict(servers, row, { ...scope, asks }));
        const [expected, found] = await Promise.all(verdicts);
        expect(found).toEqual(expected);
        expect(found?.[0]?.outcomes[0]).toContain(row.outcome);
      };
      for (const scope of SCOPES) await compare(scope);
    });
  }
});
