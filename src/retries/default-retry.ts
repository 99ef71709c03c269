/**
 * Decides whether to try again, from the outcome alone (the table `OUTCOME_RULES`).
 *
 *   overloaded   at once on an untried endpoint; else when the first one has cooled off, if that is soon enough
 *   fault        a lost connection: at once and for nothing on an untried endpoint; all others after a backoff
 *   neutral      a stale connection: once for nothing; 408 and 425: after a backoff; all others never
 *   success, rejected   never
 *
 * Worked line: 3 attempts, backoff base 50. The first attempt gets a 500: wait 0..50 ms. The second is refused a
 * connection and one endpoint is untried: wait 0, no price. The third fails: stop, its answer goes to the caller.
 *
 * Needs nothing but the situation and randomness. Not for requests that must reach a server at most once: use
 * `retry: false`.
 */
import type { Random } from '../core/clock.js';
import { OUTCOME_RULES, type Outcome } from '../core/outcome.js';
import type { RetryDecision, RetryPolicy, RetrySituation } from '../core/retry.js';
import { systemRandom } from '../system.js';
import { type BackoffOptions, backoffDelay } from './backoff.js';

export interface DefaultRetryOptions {
  /** Attempts in all, the first included. Default 3. */
  readonly attempts: number;
  readonly backoff: BackoffOptions;
  /** Longest wait for an endpoint to cool off, in ms; when it is longer the answer is returned. Default 10 000. */
  readonly maxWait: number;
}

export const RETRY_DEFAULTS: DefaultRetryOptions = {
  attempts: 3,
  backoff: { base: 50, cap: 2_000 },
  maxWait: 10_000,
};

const FULL_PRICE = 1;
/** The second stale connection of a request: no endpoint saw it, but the pool's connections are all old. */
const STALE_PRICE = 0.5;
const NOT_RETRYABLE: RetryDecision = { retry: false, reason: 'not-retryable' };

export function defaultRetry(
  { attempts: limit, backoff, maxWait }: DefaultRetryOptions = RETRY_DEFAULTS,
  random: Random = systemRandom,
): RetryPolicy {
  const decide = ({ outcome, attempts, untried, soonest }: RetrySituation): RetryDecision => {
    const stale = outcome.kind === 'neutral' && outcome.reason === 'stale-connection';
    // The server closed an idle connection just as we wrote to it: nobody's fault, and an extra try, as in nginx.
    // Only for the first attempt, so that a pool full of stale connections cannot keep a request going round.
    if (stale && attempts === 1) return { retry: true, delay: 0, cost: 0 };
    const again = OUTCOME_RULES[outcome.kind].retry !== 'never';
    if (!again && !stale && !(outcome.kind === 'neutral' && outcome.reason === 'retryable-status'))
      return NOT_RETRYABLE;
    if (attempts >= limit) return { retry: false, reason: 'attempts-exhausted' };

    // A lost connection says that this endpoint is gone, not that the pool is busy: to move to a healthy one is free,
    // as gRPC's transparent retry. Else one endpoint's death would cost every request beyond the budget. A request
    // that was sent moves free once only: it may be what the endpoint died of.
    if (untried > 0 && isLost(outcome) && (!outcome.sent || attempts === 1))
      return { retry: true, delay: 0, cost: 0 };

    const wait = () => backoffDelay(attempts - 1, backoff, random);
    if (outcome.kind === 'overloaded') {
      const delay = untried > 0 ? 0 : (soonest ?? wait());
      if (delay > maxWait) return { retry: false, reason: 'no-endpoint' };
      return { retry: true, delay, cost: FULL_PRICE };
    }
    // Full price for a request that was never sent, too: with nobody healthy to go to, a discount would let a total
    // outage make 1.4 attempts of each request where the budget promises 1.2.
    return { retry: true, delay: stale && untried > 0 ? 0 : wait(), cost: stale ? STALE_PRICE : FULL_PRICE };
  };
  return { decide };
}

/** The connection could not be made, or broke. */
function isLost(outcome: Outcome): outcome is Extract<Outcome, { kind: 'fault' }> {
  if (outcome.kind !== 'fault') return false;
  return outcome.reason === 'connect' || outcome.reason === 'timeout-connect' || outcome.reason === 'reset';
}
