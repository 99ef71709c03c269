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
    expect(policy.decide({ ...failed, attempts: 2 })).toMatchObject({ reason: 'attempts-exhausted' });
  });

  it.each([
    [{ attempts: 0 }, 'retry.attempts'],
    [{ attempts: 1.5 }, 'retry.attempts'],
    [{ maxWait: -1 }, 'retry.maxWait'],
    [{ backoff: { base: -1 } }, 'retry.backoff.base'],
    [{ backoff: { base: 100, cap: 50 } }, 'retry.backoff.cap'],
    [{ backoff: 50 }, 'retry.backoff'],
    [{ budget: { ratio: Number.NaN } }, 'retry.budget.ratio'],
    [{ budget: { minConcurrent: 0.5 } }, 'retry.budget.minConcurrent'],
    [{ budget: { reserve: -1 } }, 'retry.budget.reserve'],
    [{ budget: { window: 0 } }, 'retry.budget.window'],
    [{ budget: { reserve: 50, max: 20 } }, 'retry.budget.max'],
    [{ budget: { ttl: 5 } }, 'retry.budget.ttl'],
    [{ policy: 'aggressive' }, 'retry.policy'],
    [{ policy: { decide: true } }, 'retry.policy'],
    [{ maxRetries: 2 }, 'retry.maxRetries'],
    [null, 'retry'],
  ])('refuse %j', (options, path) => {
    const resolve = () => resolveRetryOptions(options as never, () => 0.5);
    expect(resolve).toThrow(InvalidOptionError);
    expect(resolve).toThrow(`\`${path}\``);
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
