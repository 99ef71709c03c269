/** Why an attempt counts as a fault of the endpoint. */
export type FaultReason =
  | 'connect'
  | 'reset'
  | 'timeout-connect'
  | 'timeout-first-token'
  | 'timeout-response'
  | 'stall'
  | 'truncated'
  | 'error-event'
  | 'malformed'
  | 'status'
  | 'protocol';

/** Why an attempt says nothing about the endpoint. */
export type NeutralReason =
  | 'caller-left'
  | 'abandoned'
  | 'stale-connection'
  | 'deadline'
  | 'shutdown'
  | 'retryable-status'
  | 'hedge-lost';

/** How one attempt ended. Made once, by whoever ends the attempt; read by state, retries and telemetry. */
export type Outcome =
  | { readonly kind: 'success' }
  | { readonly kind: 'rejected'; readonly status: number }
  | {
      readonly kind: 'overloaded';
      readonly status: number | undefined;
      /** Milliseconds the endpoint asked to be left alone; `undefined` if it did not say. */
      readonly retryAfter: number | undefined;
    }
  | {
      readonly kind: 'fault';
      readonly reason: FaultReason;
      readonly status: number | undefined;
      /** False when the request never reached the endpoint: safe to repeat, half the price. */
      readonly sent: boolean;
      readonly error: Error | undefined;
    }
  | { readonly kind: 'neutral'; readonly reason: NeutralReason };

/** The five ways in which an attempt can end. */
export type OutcomeKind = Outcome['kind'];

/** What each kind of outcome means to the rest of the library. */
export interface OutcomeRule {
  /** Whether its latency enters the averages. */
  readonly latency: boolean;
  readonly breaker: 'success' | 'fault' | 'none';
  readonly retry: 'never' | 'elsewhere' | 'if-uncommitted';
}

export const OUTCOME_RULES: Readonly<Record<OutcomeKind, OutcomeRule>> = {
  success: { latency: true, breaker: 'success', retry: 'never' },
  rejected: { latency: false, breaker: 'success', retry: 'never' },
  overloaded: { latency: false, breaker: 'none', retry: 'elsewhere' },
  fault: { latency: false, breaker: 'fault', retry: 'if-uncommitted' },
  neutral: { latency: false, breaker: 'none', retry: 'never' },
};

/** The one word that says most: why, where the kind leaves that open, else the kind. */
export function outcomeReason(outcome: Outcome): FaultReason | NeutralReason | OutcomeKind {
  return outcome.kind === 'fault' || outcome.kind === 'neutral' ? outcome.reason : outcome.kind;
}
