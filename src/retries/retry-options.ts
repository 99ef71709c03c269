import type { Random } from '../core/clock.js';
import { numberOption, optionFields } from '../core/option-checks.js';
import type { RetryPolicy } from '../core/retry.js';
import { InvalidOptionError } from '../errors.js';
import type { BackoffOptions } from './backoff.js';
import { defaultRetry, RETRY_DEFAULTS } from './default-retry.js';
import type { RetryBudgetOptions } from './retry-budget.js';

/** Option `retry`: how often, out of which budget, after which pause. */
export interface RetryOptions {
  /** Attempts in all, the first included; holds for a policy of your own too. Default 3. */
  readonly attempts?: number;
  /** How many retries there may be beside first attempts. */
  readonly budget?: Partial<RetryBudgetOptions>;
  /** The wait before a retry. */
  readonly backoff?: Partial<BackoffOptions>;
  /** Longest wait for an endpoint to cool off, in ms. Default 10 000. */
  readonly maxWait?: number;
  /** Decides in place of the default policy; `backoff` and `maxWait` are then not used. */
  readonly policy?: RetryPolicy;
}

export interface ResolvedRetryOptions {
  readonly budget: RetryBudgetOptions;
  readonly policy: RetryPolicy;
}

/**
 * Fills in the defaults and makes the policy.
 *
 * @throws InvalidOptionError with the path of the option, as in `retry.budget.ratio`
 */
export function resolveRetryOptions(options: RetryOptions | undefined, random: Random): ResolvedRetryOptions {
  const given = optionFields('retry', options, ['attempts', 'budget', 'backoff', 'maxWait', 'policy']);
  const attempts = numberOption('retry.attempts', given.attempts, RETRY_DEFAULTS.attempts, {
    integer: true,
    min: 1,
  });
  const backoff = resolveBackoff(given.backoff);
  const maxWait = numberOption('retry.maxWait', given.maxWait, RETRY_DEFAULTS.maxWait, { min: 0 });
  const policy = limited(given.policy, attempts) ?? defaultRetry({ attempts, backoff, maxWait }, random);
  return { budget: resolveBudget(given.budget), policy };
}

function resolveBackoff(options: unknown): BackoffOptions {
  const given = optionFields('retry.backoff', options, ['base', 'cap']);
  const base = numberOption('retry.backoff.base', given.base, RETRY_DEFAULTS.backoff.base, { min: 0 });
  const fallback = Math.max(RETRY_DEFAULTS.backoff.cap, base);
  return { base, cap: numberOption('retry.backoff.cap', given.cap, fallback, { min: base }) };
}

function resolveBudget(options: unknown): RetryBudgetOptions {
  const given = optionFields('retry.budget', options, ['ratio', 'minConcurrent', 'reserve', 'window', 'max']);
  const reserve = numberOption('retry.budget.reserve', given.reserve, 10, { min: 0 });
  return {
    ratio: numberOption('retry.budget.ratio', given.ratio, 0.2, { min: 0 }),
    minConcurrent: numberOption('retry.budget.minConcurrent', given.minConcurrent, 3, {
      integer: true,
      min: 0,
    }),
    reserve,
    window: numberOption('retry.budget.window', given.window, 60_000, { above: 0 }),
    max: numberOption('retry.budget.max', given.max, Math.max(100, reserve), { min: reserve }),
  };
}

/** A policy of the user's, which may not go beyond `attempts` whatever it says. */
function limited(policy: unknown, attempts: number): RetryPolicy | undefined {
  if (policy === undefined) return undefined;
  if (!isRetryPolicy(policy))
    throw new InvalidOptionError('retry.policy', 'must be an object with a `decide` function', policy);
  return {
    decide: (situation) =>
      situation.attempts < attempts
        ? policy.decide(situation)
        : { retry: false, reason: 'attempts-exhausted' },
  };
}

function isRetryPolicy(value: unknown): value is RetryPolicy {
  return (
    typeof value === 'object' && value !== null && 'decide' in value && typeof value.decide === 'function'
  );
}
