import type { MockFault } from 'evenkeel/testing';

/** When in the life of an answer an endpoint fails. */
export type Stage = 'connect' | 'headers' | 'before-first-token' | 'mid-stream' | 'terminator';

export const STAGES: Readonly<Record<Stage, string>> = {
  connect: 'While connecting',
  headers: 'Before the headers',
  'before-first-token': 'After the headers, before the first content',
  'mid-stream': 'In the middle of the answer',
  terminator: 'After the last token, before the terminator',
};

/**
 * How a request ended for who made it:
 * - `whole`: the whole answer, properly ended
 * - `refused`: a status of 400 or more in its place, the endpoint's own or made by what stands before it
 * - `told`: the endpoint's own error, inside an answer of status 200
 * - `broken`: an answer that begins with status 200 and then breaks off, so that reading it fails
 */
export type Verdict = 'whole' | 'refused' | 'told' | 'broken';

/** One thing that can go wrong, at one stage, for one kind of request. */
export interface FaultCase {
  readonly id: string;
  /** What the endpoint does: goes on after "an endpoint that". */
  readonly title: string;
  readonly stage: Stage;
  /** Whether the caller asks for a stream of events or for an answer in one piece. */
  readonly asks: 'stream' | 'plain';
  /** As it is set on a `MockLlmServer`; it stays set. */
  readonly fault: MockFault;
  /** The answer is too long to be held back as a whole: `LARGE_TEXT`. */
  readonly large?: boolean;
  readonly expected: {
    /** The first endpoint does this, a second one is well. */
    readonly beside: Verdict;
    /** All of them do. */
    readonly everywhere: Verdict;
  };
}

/** Milliseconds of the servers' own time; to be read against `timeouts.idle`, 60 s by default. */
export interface Pace {
  /** Between two comments. Shorter than the idle limit. */
  readonly comments: number;
  /** Between two tokens of a server that is slow and well. Shorter than the idle limit. */
  readonly slow: number;
  /** Between two tokens of a server that is too slow. Longer than the idle limit. */
  readonly tooSlow: number;
}

/** Sixteen tokens of 24 000 characters each: for `MockLlmServer`'s `text`. */
export const LARGE_TEXT = `${' '.repeat(23_996)}word`.repeat(16);

/** Tokens that come before a fault in the middle of a stream. */
export const MIDDLE = 3;
/** More tokens than an answer has: the moment between the last one and the terminator. */
const LAST = 1000;

const SAVED = { beside: 'whole', everywhere: 'refused' } as const;
const BROKEN = { beside: 'broken', everywhere: 'broken' } as const;
const REFUSED = { beside: 'refused', everywhere: 'refused' } as const;
const TOLD = { beside: 'told', everywhere: 'told' } as const;
const WHOLE = { beside: 'whole', everywhere: 'whole' } as const;

type Row = Omit<FaultCase, 'stage' | 'asks'>;

/** Every fault of `MockLlmServer` at every stage where it makes sense, for streams and for plain answers. */
export function faultCases(pace: Pace): readonly FaultCase[] {
  const interval = pace.comments;
  return [
    ...both('connect', [
      { id: 'refuse', title: 'refuses the connection', fault: { kind: 'refuse' }, expected: SAVED },
    ]),
    ...both('headers', [
      {
        id: 'reset-before-headers',
        title: 'resets the connection',
        fault: { kind: 'reset-before-headers' },
        expected: SAVED,
      },
      { id: 'garbage', title: 'sends bytes that are not HTTP', fault: { kind: 'garbage' }, expected: SAVED },
      { id: 'hang', title: 'never answers', fault: { kind: 'hang' }, expected: SAVED },
      ...[400, 401].map((status) => answers(status, REFUSED)),
      ...[408, 500, 503].map((status) => answers(status, SAVED)),
      {
        id: 'status-429-retry-after',
        title: 'answers 429 with `retry-after: 60`',
        fault: { kind: 'status', status: 429, headers: { 'retry-after': '60' } },
        expected: SAVED,
      },
    ]),
    ...both('before-first-token', [
      {
        id: 'reset-after-headers',
        title: 'resets the connection',
        fault: { kind: 'reset-after-headers' },
        expected: SAVED,
      },
      {
        id: 'hang-after-headers',
        title: 'sends nothing more',
        fault: { kind: 'hang-after-headers' },
        expected: SAVED,
      },
      {
        id: 'short-body',
        title: 'sends less than its `content-length` promised',
        fault: { kind: 'short-body' },
        expected: SAVED,
      },
      {
        id: 'garbage-body',
        title: 'sends an HTML page as if it were the answer',
        fault: { kind: 'garbage-body' },
        expected: SAVED,
      },
      ...(['hang', 'cut', 'end', 'answer'] as const).map((next) => keepsAlive(next, interval)),
    ]),
    ...streams('before-first-token', atToken(0, interval)),
    ...streams('mid-stream', [
      ...atToken(MIDDLE, interval),
      {
        id: 'slow',
        title: 'is slow, but within `timeouts.idle`',
        fault: { kind: 'slow', interval: pace.slow },
        expected: WHOLE,
      },
      {
        id: 'too-slow',
        title: 'is slower than `timeouts.idle` allows',
        fault: { kind: 'slow', interval: pace.tooSlow },
        expected: BROKEN,
      },
    ]),
    ...plain('mid-stream', [...inThePlainAnswer(SAVED, interval), ...inTheLargeAnswer()]),
    ...streams('terminator', atToken(LAST, interval)),
  ];
}

function answers(status: number, expected: FaultCase['expected']): Row {
  return { id: `status-${status}`, title: `answers ${status}`, fault: { kind: 'status', status }, expected };
}

function keepsAlive(next: 'hang' | 'cut' | 'end' | 'answer', interval: number): Row {
  const then = { hang: 'nothing', cut: 'closes the connection', end: 'ends cleanly', answer: 'answers' };
  return {
    id: `comments-then-${next}`,
    title: `sends keep-alives only, then ${then[next]}`,
    fault: { kind: 'comments-only', interval, next },
    expected: next === 'answer' ? WHOLE : SAVED,
  };
}

/** What can happen to a stream at one of its tokens. Only before the first can another endpoint take over. */
function atToken(after: number, interval: number): Row[] {
  const suffix = after === 0 ? 'first' : after === LAST ? 'last' : 'middle';
  const expected = after === 0 ? SAVED : BROKEN;
  return [
    { id: `stall-${suffix}`, title: 'falls silent', fault: { kind: 'stall', after }, expected },
    {
      id: `comments-${suffix}`,
      title: 'sends nothing but comments',
      fault: { kind: 'stall-with-comments', after, interval },
      expected,
    },
    { id: `cut-${suffix}`, title: 'closes the connection', fault: { kind: 'cut', after }, expected },
    {
      id: `end-early-${suffix}`,
      title: 'ends the stream cleanly, without finish reason and terminator',
      fault: { kind: 'end-early', after },
      expected,
    },
    {
      id: `abort-${suffix}`,
      title: 'gives the answer up: finish reason `abort`, then the terminator',
      fault: { kind: 'abort', after },
      expected,
    },
    {
      id: `malformed-${suffix}`,
      title: 'sends an event of broken JSON, then goes on',
      fault: { kind: 'malformed', after },
      expected,
    },
    {
      id: `error-event-${suffix}`,
      title: 'sends an error event, then ends',
      fault: { kind: 'error-event', after },
      expected: after === 0 ? { beside: 'whole', everywhere: 'told' } : TOLD,
    },
  ];
}

/** `after` does not matter: half of the body comes. */
function inThePlainAnswer(expected: FaultCase['expected'], interval: number): Row[] {
  const after = MIDDLE;
  return [
    {
      id: 'stall-plain',
      title: 'falls silent after half of the body',
      fault: { kind: 'stall', after },
      expected,
    },
    {
      id: 'comments-plain',
      title: 'sends blank lines for ever',
      fault: { kind: 'stall-with-comments', after, interval },
      expected,
    },
    {
      id: 'cut-plain',
      title: 'closes the connection after half of the body',
      fault: { kind: 'cut', after },
      expected,
    },
    {
      id: 'end-early-plain',
      title: 'ends cleanly after half of the body',
      fault: { kind: 'end-early', after },
      expected,
    },
    {
      id: 'abort-plain',
      title: 'gives the answer up: finish reason `abort`',
      fault: { kind: 'abort', after },
      expected: { beside: 'whole', everywhere: 'told' },
    },
    { id: 'malformed-plain', title: 'sends broken JSON', fault: { kind: 'malformed', after }, expected },
    {
      id: 'error-plain',
      title: 'sends an error as a 200',
      fault: { kind: 'error-event', after },
      expected: { beside: 'whole', everywhere: 'told' },
    },
  ];
}

function inTheLargeAnswer(): Row[] {
  const after = MIDDLE;
  const rows: Row[] = [
    {
      id: 'stall-large',
      title: 'falls silent after half of a large body',
      fault: { kind: 'stall', after },
      expected: BROKEN,
    },
    {
      id: 'cut-large',
      title: 'closes the connection after half of a large body',
      fault: { kind: 'cut', after },
      expected: BROKEN,
    },
    {
      id: 'end-early-large',
      title: 'ends cleanly after half of a large body',
      fault: { kind: 'end-early', after },
      expected: BROKEN,
    },
    {
      id: 'malformed-large',
      title: 'sends a large body of broken JSON',
      fault: { kind: 'malformed', after },
      expected: BROKEN,
    },
  ];
  return rows.map((row) => ({ ...row, large: true }));
}

function streams(stage: Stage, rows: readonly Row[]): FaultCase[] {
  return rows.map((row) => ({ ...row, stage, asks: 'stream' }));
}

function plain(stage: Stage, rows: readonly Row[]): FaultCase[] {
  return rows.map((row) => ({ ...row, stage, asks: 'plain' }));
}

function both(stage: Stage, rows: readonly Row[]): FaultCase[] {
  return [...streams(stage, rows), ...plain(stage, rows)].map((one) => ({
    ...one,
    id: one.asks === 'plain' ? `${one.id}-plain` : one.id,
  }));
}
