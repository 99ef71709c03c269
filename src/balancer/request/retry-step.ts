import type { InferenceRequest } from '../../core/inference-request.js';
import { type Outcome, outcomeReason } from '../../core/outcome.js';
import type { RetryDecision } from '../../core/retry.js';
import type { Engine } from '../engine/engine.js';

type Denial = Extract<RetryDecision, { retry: false }>['reason'] | 'budget';

/** The decision, with the budget's word in it. */
type RetryStep =
  | { readonly denied: Denial }
  | { readonly delay: number /** Holds a place among the retries under way. */; readonly charged: boolean };

/** What is to be tried again, and where. */
interface RetrySubject {
  readonly request: InferenceRequest;
  readonly only: readonly string[] | undefined;
  /** Attempts made so far; those before a stream was continued are not counted. */
  readonly attempts: number;
}

/** Asks the retry policy, then the budget, and tells observers. */
export function stepToRetry(
  { retry, budget, endpoints, observers }: Engine,
  { request, only, attempts }: RetrySubject,
  outcome: Outcome,
): RetryStep {
  if (retry === undefined) return { denied: 'not-retryable' };
  const found = endpoints.find(request, only);
  const decision = retry.decide({
    request,
    outcome,
    attempts,
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
