import type { Outcome } from '../core/outcome.js';

/**
 * What an answer's status says of its endpoint, before the body.
 * @param busyStreak bare 503 answers in a row from this endpoint, this one included
 */
export function judgeStatus(status: number, retryAfter: number | undefined, busyStreak: number): Outcome {
  if (status < 400) return { kind: 'success' };
  if (status === 429 || status === 529) return { kind: 'overloaded', status, retryAfter };
  if (status === 503 && (retryAfter !== undefined || busyStreak <= BARE_503_PATIENCE)) {
    return { kind: 'overloaded', status, retryAfter };
  }
  if (status === 408 || status === 425) return { kind: 'neutral', reason: 'retryable-status' };
  if (status < 500) return { kind: 'rejected', status };
  return { kind: 'fault', reason: 'status', status, sent: true, error: undefined };
}

/** A model that loads and a queue that is full look alike; after this many it is a fault. */
export const BARE_503_PATIENCE = 5;
