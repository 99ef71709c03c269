import type { SelectionDecision } from './decision.js';
import type { InferenceRequest } from './inference-request.js';
import type { Outcome, OutcomeKind } from './outcome.js';

/** What an attempt took, in ms; `undefined` for what did not come. */
export interface AttemptTimes {
  /** From its beginning until it was sent: a connection may have had to be opened. */
  readonly connect: number | undefined;
  /** From sending until the headers. */
  readonly headers: number | undefined;
  /** From sending until the first content of a stream. */
  readonly firstToken: number | undefined;
}

/** One attempt of a request that is over. */
export interface AttemptRecord extends AttemptTimes {
  /** 1 for the first. */
  readonly attempt: number;
  /** Its id. */
  readonly endpoint: string;
  /** Milliseconds from the request's start until it began. Attempts may run side by side: hedges. */
  readonly begunAfter: number;
  /** Milliseconds from its beginning to its end. */
  readonly duration: number;
  /** What it came to. */
  readonly outcome: Outcome;
}

/** All that is to be said of one request. Plain JSON but for `request` and the errors of outcomes. */
export interface RequestRecord {
  /** What was asked for. */
  readonly request: InferenceRequest;
  /** The status the caller saw; 499 when the caller left first. */
  readonly status: number;
  /** What it came to in the end. */
  readonly outcome: OutcomeKind | 'shed';
  /** Milliseconds from its body being read to the end of its answer. */
  readonly duration: number;
  /** Milliseconds of that in which it waited for admission. */
  readonly queued: number;
  /** The choices made for it, in order. One without `choice` found no place: then it waited, or was refused. */
  readonly decisions: readonly SelectionDecision[];
  /** In the order in which they began. */
  readonly attempts: readonly AttemptRecord[];
}
