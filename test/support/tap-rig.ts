import type { BodySink } from '../../src/core/exchange.js';
import type { Outcome } from '../../src/core/outcome.js';
import type { Timeouts } from '../../src/core/timeouts.js';
import type { ResponseHeaders, TransportCall } from '../../src/core/transport.js';
import { ResponseTap } from '../../src/sse/response-tap.js';
import type { AttemptResult } from '../../src/sse/tap-terms.js';
import { type ManualClock, manualClock } from '../../src/testing/manual-clock.js';

export const SSE: ResponseHeaders = { 'content-type': 'text/event-stream' };
export const NDJSON: ResponseHeaders = { 'content-type': 'application/x-ndjson' };
export const JSON_TYPE: ResponseHeaders = { 'content-type': 'application/json; charset=utf-8' };

/** A chat completion event that brings text. */
export function token(text: string): string {
  return `data: {"choices":[{"index":0,"delta":{"content":${JSON.stringify(text)}},"finish_reason":null}]}\n\n`;
}
export const ROLE = 'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}\n\n';
export const FINISH = 'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n';
export const ABORT = 'data: {"choices":[{"index":0,"delta":{},"finish_reason":"abort"}]}\n\n';
export const DONE = 'data: [DONE]\n\n';
export const COMMENT = ': keep-alive\n\n';
export const ERROR_EVENT = 'data: {"error":{"message":"CUDA out of memory","type":"server_error"}}\n\n';

interface RigOptions {
  readonly streaming?: boolean;
  readonly inference?: boolean;
  readonly timeouts?: Partial<Timeouts>;
  readonly clock?: ManualClock;
}

/** A tap in virtual time, between a transport and a reader that only write down what they are told. */
export function tapRig({
  streaming = true,
  inference = true,
  timeouts,
  clock = manualClock(),
}: RigOptions = {}) {
  const calls: string[] = [];
  const settled: Outcome[] = [];
  const answering: { elapsed: number; streamed: boolean }[] = [];
  const received: Uint8Array[] = [];
  const ends: ('end' | Error)[] = [];
  const results: AttemptResult[] = [];
  let closes = 0;
  let room = true;
  const call: TransportCall = {
    pause: () => calls.push('pause'),
    resume: () => calls.push('resume'),
    abort: () => calls.push('abort'),
  };
  const sink: BodySink = {
    write: (chunk) => {
      received.push(Uint8Array.from(chunk));
      return room;
    },
    end: () => ends.push('end'),
    fail: (error) => ends.push(error),
  };
  const tap = new ResponseTap({
    endpoint: 'a',
    clock,
    startedAt: clock.now(),
    timeouts: {
      connect: 10,
      firstToken: 100,
      response: 500,
      idle: 50,
      unread: 200,
      total: Number.POSITIVE_INFINITY,
      ...timeouts,
    },
    streaming,
    inference,
    classify: (error, sent, reused) =>
      reused
        ? { kind: 'neutral', reason: 'stale-connection' }
        : { kind: 'fault', reason: sent ? 'reset' : 'connect', status: undefined, sent, error },
    onAnswering: (elapsed, streamed) => answering.push({ elapsed, streamed }),
    onSettled: (outcome) => settled.push(outcome),
  });
  const start = () => tap.start(call);
  tap.settlement.afterClose(() => closes++);
  void tap.ready.then((result) => results.push(result));
  return {
    tap,
    clock,
    /** What the tap asked of the transport. */
    calls,
    settled,
    answering,
    ends,
    get closes() {
      return closes;
    },
    /** What the reader has been given. */
    get body() {
      return Buffer.concat(received);
    },
    get text() {
      return Buffer.concat(received).toString();
    },
    /** The reader keeps up, or does not. */
    set room(value: boolean) {
      room = value;
    },
    /** How the attempt stands, once that can be said. */
    async result(): Promise<AttemptResult | undefined> {
      await Promise.resolve();
      return results[0];
    },
    start,
    /** Up to the headers. */
    answer(headers: ResponseHeaders = SSE, status = 200) {
      start();
      tap.onSent(false);
      tap.onHeaders(status, headers, 'OK');
    },
    feed: (text: string) => tap.onData(Buffer.from(text)),
    /** The request takes this answer: nothing is repeated from here on. */
    pass() {
      tap.commit();
      tap.pipe(sink);
    },
  };
}
