import type { EndpointStateName } from './endpoint.js';
import type { CandidateScore } from './policy.js';

/** Why an endpoint could not take the request. */
export interface Exclusion {
  readonly endpoint: string;
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
  readonly policy: string;
  /** What the policy would choose now; `undefined` when there is no candidate. A random choice may differ the next time. */
  readonly choice: string | undefined;
  readonly candidates: readonly string[];
  readonly scores: readonly CandidateScore[];
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
