import { describe, expect, it } from 'vitest';
import { WeightedDraw } from '../../../src/core/weighted-draw.js';
import { seededRandom } from '../../../src/testing/seeded-random.js';

describe('WeightedDraw', () => {
  it('draws each index in proportion to its weight, and none of weight 0', () => {
    const weights = [0, 1, 3, 0, 6, 0];
    const draw = new WeightedDraw(weights);
    const random = seededRandom(1);
    const counts = weights.map(() => 0);
    for (let time = 0; time < 100_000; time++) {
      const index = draw.draw(random);
      counts[index] = (counts[index] ?? 0) + 1;
    }
    for (const [index, weight] of weights.entries()) {
      expect((counts[index] ?? 0) / 100_000).toBeCloseTo(weight / 10, 2);
    }
  });

  it.each([
    ['0', 0, 1],
    ['1', 1, 2],
    ['just under 1', 1 - Number.EPSILON / 2, 2],
  ])('draws an index that has a weight where the random source returns %s', (_, value, index) => {
    expect(new WeightedDraw([0, 2, 1, 0]).draw(() => value)).toBe(index);
  });

  it.each([
    ['no indices', []],
    ['weights of 0 alone', [0, 0]],
  ])('draws none of %s', (_, weights) => {
    expect(new WeightedDraw(weights).draw(() => 0.5)).toBe(-1);
  });
});
