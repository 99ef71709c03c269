import { expect, it } from 'vitest';
import { CacheReach } from '../../../src/core/cache-reach.js';

const reachOf = (...findings: readonly (readonly [distance: number, hit: boolean])[]) => {
  const reach = new CacheReach();
  for (const [distance, hit] of findings) reach.found(distance, hit);
  return reach.tokens;
};

it('A cache of which nothing is known, or of which everything was found again, has no limit', () => {
  expect(reachOf()).toBe(Number.POSITIVE_INFINITY);
  expect(reachOf([100, true], [5_000, true])).toBe(Number.POSITIVE_INFINITY);
});

it('reaches as far as between the farthest hit and the nearest miss beyond it', () => {
  expect(reachOf([9_000, false], [100, true], [1_000, true])).toBeCloseTo(3_000);
});

it('keeps to what most of the findings say', () => {
  const findings = [200, 400, 800, 1_000].map((distance) => [distance, true] as const);
  expect(reachOf(...findings, [50, false], [4_000, false])).toBeCloseTo(2_000);
});

it('reaches as far as it may, where a nearer reach is as good', () => {
  expect(reachOf([100, true], [200, false], [300, true], [1_200, false])).toBeCloseTo(600);
});

it('reaches nowhere when nothing is ever found again: prefix caching is off', () => {
  expect(reachOf([400, false], [900, false], [100, false])).toBeLessThanOrEqual(10);
});

it('is found out anew when the cache has become smaller or larger', () => {
  const reach = new CacheReach();
  const see = (size: number) => {
    for (let turn = 0; turn < 60; turn++) {
      const distance = 1_000 * (1 + (turn % 20));
      reach.found(distance, distance <= size);
    }
    return reach.tokens;
  };
  for (const size of [15_500, 3_500, 9_500]) {
    expect(see(size)).toBeGreaterThan(size - 1_000);
    expect(see(size)).toBeLessThan(size + 1_000);
  }
});
