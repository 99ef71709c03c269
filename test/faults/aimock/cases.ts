import type { ChaosConfig, FixtureFileResponse, FixtureOpts } from '@copilotkit/aimock';
import type { MockFault } from 'evenkeel/testing';

export const TEXT = 'Hello from a foreign server.';
/** Milliseconds of real time between two chunks: enough that what comes after the first does not come with it. */
export const STEP = 3;
/** Milliseconds after which aimock ends a silence of its own accord: no timer of its own outlives the file. */
const SILENCE = 5000;

export type Asks = 'stream' | 'plain';

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

/** A fault that both can play. */
export interface Row {
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

export const JSON_TYPE = { 'content-type': 'application/json' };

/** Each goes on after "a server that". */
export const ROWS: Readonly<Record<string, Row>> = {
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
export const FAULTS: Readonly<Record<MockFault['kind'], string>> = {
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
