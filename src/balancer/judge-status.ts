import type { Outcome } from '../core/outcome.js';
import type { ResponseHeaders } from '../core/transport.js';
import { parseRetryAfter } from '../retries/retry-after.js';

/** The caller's mistake, or a wrong key, model or path at this endpoint: whoever watches should look. */
export const MISCONFIGURED: ReadonlySet<number> = new Set([401, 403, 404]);

/** A model that loads and a queue that is full look alike; after this many bare 503 in a row it is a fault. */
const BARE_503_PATIENCE = 5;

/**
 * What an answer's status says of its endpoint.
 *
 * @param endpoint remembers its 503 answers without Retry-After
 * @param wallTime milliseconds since the Unix epoch
 */
export function judgeAnswer(
  endpoint: { busyStreak: number },
  status: number,
  headers: ResponseHeaders,
  wallTime: number,
): Outcome {
  const retryAfter = status >= 400 ? parseRetryAfter(headers, wallTime) : undefined;
  endpoint.busyStreak = status === 503 && retryAfter === undefined ? endpoint.busyStreak + 1 : 0;
  if (status < 400) return { kind: 'success' };
  if (status === 429 || status === 529) return { kind: 'overloaded', status, retryAfter };
  if (status === 503 && endpoint.busyStreak <= BARE_503_PATIENCE)
    return { kind: 'overloaded', status, retryAfter };
  if (status === 408 || status === 425) return { kind: 'neutral', reason: 'retryable-status' };
  if (status < 500) return { kind: 'rejected', status };
  return { kind: 'fault', reason: 'status', status, sent: true, error: undefined };
}
