import type { InferenceRequest } from '../core/inference-request.js';
import { type Outcome, outcomeReason } from '../core/outcome.js';
import type { RetryDecision } from '../core/retry.js';
import type { Engine } from './engine.js';

type Denial = Extract<RetryDecision, { retry: false }>['reason'] | 'budget';

/** The decision, with the budget's word in it. */
type RetryStep =
  | { readonly denied: Denial }
  | { readonly delay: number /** Holds a place among the retries under way. */; readonly charged: boolean };

/** Asks the retry policy, then the budget, and tells observers. */
export function stepToRetry(
  { retry, budget, endpoints, observers }: Engine,
  request: InferenceRequest,
  only: readonly string[] | undefined,
  outcome: Outcome,
): RetryStep {
  if (retry === undefined) return { denied: 'not-retryable' };
  const found = endpoints.find(request, only);
  const decision = retry.decide({
    request,
    outcome,
    attempts: request.attempt,
    untried: found.kind === 'ready' ? found.untried : 0,
    soonest: found.kind === 'cooling-off' ? found.soonest : undefined,
  });
  if (!decision.retry) return deny(decision.reason);
  const charged = decision.cost > 0 && budget !== undefined;
  if (charged && !budget.tryWithdraw(decision.cost)) return deny('budget');
  const { delay } = decision;
  if (observers.wants('retry'))
    observers.tell({ type: 'retry', request, reason: outcomeReason(outcome), delay });
  return { delay, charged };

  function deny(reason: Denial): RetryStep {
    if (reason !== 'not-retryable' && observers.wants('retry-denied')) {
      observers.tell({ type: 'retry-denied', request, reason });
    }
    return { denied: reason };
  }
}
