import { describe, expect, it } from 'vitest';
import { PrefillRate } from '../../../src/core/prefill-rate.js';

/** Samples as tokens and rate, at one time or at given ones. */
function rateOf(...samples: readonly (readonly [tokens: number, rate: number, at?: number])[]) {
  const rate = new PrefillRate();
  for (const [tokens, perMs, at = 0] of samples) rate.add(tokens, tokens / perMs, at);
  return rate.value;
}

describe('PrefillRate', () => {
  it('is not known before the first sample, nor from samples that say nothing', () => {
    const rate = new PrefillRate();
    for (const [tokens, elapsed] of [
      [0, 10],
      [10, 0],
      [Number.NaN, 10],
    ] as const)
      rate.add(tokens, elapsed, 5);
    expect([rate.value, rate.at]).toEqual([undefined, Number.NEGATIVE_INFINITY]);
    rate.add(1_000, 500, 7);
    expect([rate.value, rate.at]).toEqual([2, 7]);
  });

  it('is the rate below which 0.7 of the samples lie, in whatever order they came', () => {
    const rates = [5, 1, 9, 3, 7, 2, 8, 4, 6];
    expect(rateOf(...rates.map((rate) => [1_000, rate] as const))).toBe(7);
  });

  it('gives a longer prompt more weight, up to a limit', () => {
    // 0.89 of the long one beside three times 0.67; and 0.55 beside 0.67.
    expect(rateOf([4_000, 1], [1_000, 2], [1_000, 2], [1_000, 2])).toBe(2);
    expect(rateOf([600, 1], [1_000, 2])).toBe(2);
    expect(rateOf([1_000, 1], [10, 10], [10, 10], [10, 10])).toBe(1);
  });

  it('believes new samples more: a minute makes a weight e times smaller', () => {
    expect(rateOf([1_000, 10], [1_000, 10], [1_000, 1, 120_000])).toBe(1);
    expect(rateOf([1_000, 10], [1_000, 10], [1_000, 1, 1_000])).toBe(10);
  });

  it('forgets all but the last 32', () => {
    const fast = Array.from({ length: 40 }, () => [1_000, 10] as const);
    const slow = Array.from({ length: 32 }, () => [1_000, 1] as const);
    expect(rateOf(...fast, ...slow)).toBe(1);
    expect(rateOf(...fast, ...slow.slice(0, 20))).toBe(10);
  });
});
