import { describe, expect, it } from 'vitest';
import type { RetryPolicy, RetrySituation } from '../../../src/core/retry.js';
import { InvalidOptionError } from '../../../src/errors.js';
import { backoffDelay } from '../../../src/retries/backoff.js';
import { resolveRetryOptions } from '../../../src/retries/retry-options.js';
import { seededRandom } from '../../../src/testing/seeded-random.js';

const failed = { outcome: { kind: 'fault', sent: true }, attempts: 1, untried: 0 } as RetrySituation;

describe('the retry options', () => {
  it('have the documented defaults', () => {
    const { budget, policy } = resolveRetryOptions(undefined, () => 0.5);
    expect(budget).toEqual({ ratio: 0.2, minConcurrent: 3, reserve: 10, window: 60_000, max: 100 });
    expect(policy.decide(failed)).toEqual({ retry: true, delay: 25, cost: 1 });
    expect(policy.decide({ ...failed, attempts: 3 })).toMatchObject({ reason: 'attempts-exhausted' });
  });

  it('reach the default policy', () => {
    const { policy } = resolveRetryOptions({ attempts: 5, backoff: { base: 8_000 } }, () => 0.5);
    expect(policy.decide({ ...failed, attempts: 4 })).toEqual({ retry: true, delay: 4_000, cost: 1 });
    expect(policy.decide({ ...failed, attempts: 5 })).toMatchObject({ reason: 'attempts-exhausted' });
  });

  it('take a policy of one’s own, which `attempts` still bounds', () => {
    const eager: RetryPolicy = { decide: () => ({ retry: true, delay: 7, cost: 0 }) };
    const { policy } = resolveRetryOptions({ policy: eager, attempts: 2 }, () => 0.5);
    expect(policy.decide(failed)).toEqual({ retry: true, delay: 7, cost: 0 });
    expect(policy.decide({ ...failed, attempts: 2 })).toEqual({ retry: false, reason: 'attempts-exhausted' });
  });

  it.each([
    [{ attempts: 0 }, 'retry.attempts', 'must be an integer, at least 1'],
    [{ attempts: 1.5 }, 'retry.attempts', 'must be an integer, at least 1'],
    [{ maxWait: -1 }, 'retry.maxWait', 'must be a finite number, at least 0'],
    [{ backoff: { base: -1 } }, 'retry.backoff.base', 'must be a finite number, at least 0'],
    [{ backoff: { base: 100, cap: 50 } }, 'retry.backoff.cap', 'must be a finite number, at least 100'],
    [{ backoff: 50 }, 'retry.backoff', 'must be an object'],
    [{ backoff: { max: 50 } }, 'retry.backoff.max', 'is not known (known: base, cap)'],
    [{ budget: { ratio: Number.NaN } }, 'retry.budget.ratio', 'must be a finite number, at least 0'],
    [{ budget: { minConcurrent: 0.5 } }, 'retry.budget.minConcurrent', 'must be an integer, at least 0'],
    [{ budget: { reserve: -1 } }, 'retry.budget.reserve', 'must be a finite number, at least 0'],
    [{ budget: { window: 0 } }, 'retry.budget.window', 'must be a finite number, above 0'],
    [{ budget: { reserve: 50, max: 20 } }, 'retry.budget.max', 'must be a finite number, at least 50'],
    [
      { budget: { ttl: 5 } },
      'retry.budget.ttl',
      'is not known (known: ratio, minConcurrent, reserve, window, max)',
    ],
    [{ policy: 'aggressive' }, 'retry.policy', 'must be an object with a `decide` function'],
    [{ policy: { decide: true } }, 'retry.policy', 'must be an object with a `decide` function'],
    [{ policy: () => true }, 'retry.policy', 'must be an object with a `decide` function'],
    [{ policy: null }, 'retry.policy', 'must be an object with a `decide` function'],
    [
      { maxRetries: 2 },
      'retry.maxRetries',
      'is not known (known: attempts, budget, backoff, maxWait, policy)',
    ],
    [null, 'retry', 'must be an object'],
  ])('refuse %j', (options, option, rule) => {
    expect(() => resolveRetryOptions(options as never, () => 0.5)).toThrow(
      expect.objectContaining({ constructor: InvalidOptionError, option, rule }),
    );
  });

  it('may be as low as nothing', () => {
    const nothing = { ratio: 0, minConcurrent: 0, reserve: 0, window: 1, max: 0 };
    const { budget, policy } = resolveRetryOptions(
      { backoff: { base: 0, cap: 0 }, maxWait: 0, budget: nothing },
      () => 0.5,
    );
    expect(budget).toEqual(nothing);
    expect(policy.decide(failed)).toEqual({ retry: true, delay: 0, cost: 1 });
  });
});

describe('the backoff', () => {
  it('is uniform below a bound that doubles up to the cap', () => {
    const bounds = Array.from({ length: 8 }, (_, retries) =>
      backoffDelay(retries, { base: 50, cap: 2_000 }, () => 1),
    );
    expect(bounds).toEqual([50, 100, 200, 400, 800, 1_600, 2_000, 2_000]);
    expect(backoffDelay(2_000, { base: 50, cap: 2_000 }, () => 0)).toBe(0);
    const random = seededRandom(7);
    const delays = Array.from({ length: 10_000 }, () => backoffDelay(1, { base: 50, cap: 2_000 }, random));
    const mean = delays.reduce((sum, delay) => sum + delay, 0) / delays.length;
    expect(mean).toBeGreaterThan(49);
    expect(mean).toBeLessThan(51);
  });
});
