import type { InferenceRequest } from './inference-request.js';
import type { Outcome } from './outcome.js';

/** What a retry policy may weigh after an uncommitted attempt has ended badly. */
export interface RetrySituation {
  /** The request that failed. */
  readonly request: InferenceRequest;
  /** What the last attempt came to. */
  readonly outcome: Outcome;
  /** Attempts made so far, this one included. */
  readonly attempts: number;
  /** Endpoints that could take the request now and have not been tried. */
  readonly untried: number;
  /** Shortest time in ms until some cooling endpoint may be used again; `undefined` if none cools. */
  readonly soonest: number | undefined;
}

/** What a retry policy says: no and why, or when and at what price. */
export type RetryDecision =
  | { readonly retry: false; readonly reason: 'not-retryable' | 'attempts-exhausted' | 'no-endpoint' }
  | {
      readonly retry: true /** Milliseconds to wait first. */;
      readonly delay: number /** Tokens to withdraw: 0 (free) to 1. */;
      readonly cost: number;
    };

/** Decides whether and when to try again. Pure. */
export interface RetryPolicy {
  /** Whether to try again, and after how long. */
  decide(situation: RetrySituation): RetryDecision;
}
