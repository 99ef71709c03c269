import type { Clock } from '../core/clock.js';
import type { Outcome } from '../core/outcome.js';
import type { Timeouts } from '../core/timeouts.js';
import type { ResponseHeaders } from '../core/transport.js';

/** The terms on which one attempt is watched. */
export interface TapTerms {
  readonly endpoint: string;
  readonly clock: Clock;
  /** When the attempt began: monotonic, in ms. */
  readonly startedAt: number;
  readonly timeouts: Timeouts;
  /** The caller asked for a stream. */
  readonly streaming: boolean;
  /** The path's protocol is known: its stream must end with a terminator, its answer must be JSON. */
  readonly inference: boolean;
  /**
   * Makes a transport error into an outcome.
   * @param stale an open connection was used again and broke at once, without a byte of answer
   */
  classify(error: Error, sent: boolean, stale: boolean): Outcome;
  /** The first content of a stream, or the headers of any other 2xx answer. */
  onAnswering(elapsed: number, streamed: boolean): void;
  /** Exactly once. */
  onSettled(outcome: Outcome): void;
}

export interface ResponseHead {
  /** 0 until the headers have come. */
  readonly status: number;
  readonly statusText: string;
  readonly headers: ResponseHeaders;
}

/** Before the headers have come. */
export const NO_HEAD: ResponseHead = { status: 0, statusText: '', headers: {} };

/** How an attempt stands when the request has to decide: pass it on, or try again. */
export type AttemptResult =
  | { readonly kind: 'answer' }
  | {
      readonly kind: 'failure';
      readonly outcome: Outcome;
      /** True when what has come may still be passed on as it is: an error event in a stream. */
      readonly passable: boolean;
    };
