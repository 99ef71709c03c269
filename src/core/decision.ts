import type { EndpointStateName } from './endpoint.js';
import type { CandidateScore } from './policy.js';

/** Why an endpoint could not take the request. */
export interface Exclusion {
  /** Its id. */
  readonly endpoint: string;
  /** Why it could not be chosen. */
  readonly reason:
    | EndpointStateName
    | 'weight-0'
    | 'model-not-served'
    | 'full'
    | 'not-asked-for'
    | 'higher-tier'
    /** Its tier is partly down and passed this request on, by chance. */
    | 'lower-tier'
    | 'tried';
}

/** What the policy would choose for a request, and why. */
export interface Explanation {
  /** Its name. */
  readonly policy: string;
  /** What the policy would choose now; `undefined` when there is no candidate. A random choice may differ the next time. */
  readonly choice: string | undefined;
  /** Ids of those that could be chosen. */
  readonly candidates: readonly string[];
  /** What the policy says of each candidate; empty when it explains nothing. */
  readonly scores: readonly CandidateScore[];
  /** The endpoints that could not be chosen, and why. */
  readonly exclusions: readonly Exclusion[];
  /** How the candidates were found, or why there are none. */
  readonly availability: string;
}

/** A choice as it was made. */
export interface SelectionDecision extends Explanation {
  /** The model asked for. */
  readonly model: string | undefined;
  readonly streaming: boolean;
  readonly promptTokens: number;
  /** 1 for the first attempt. */
  readonly attempt: number;
}
