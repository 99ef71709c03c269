import { describe, expect, it } from 'vitest';
import { greatestIndex, leastIndex, randomIndex, weightedIndex } from '../../../src/core/random-pick.js';
import { seededRandom } from '../../../src/testing/seeded-random.js';

function leastOf(scores: readonly number[], random = seededRandom(1)): number {
  return leastIndex(scores.length, (index) => scores[index] ?? Number.NaN, random);
}

function weighted(weights: readonly number[], random: () => number): number {
  return weightedIndex(weights.length, (index) => weights[index] ?? 0, random);
}

describe('leastIndex', () => {
  it('finds the least, passing over NaN and infinities', () => {
    expect(leastOf([3, Number.NaN, 1, Number.POSITIVE_INFINITY, 2])).toBe(2);
  });

  it('finds none where no score is finite', () => {
    for (const random of [() => 0, () => 0.999]) {
      expect(leastOf([], random)).toBe(-1);
      expect(leastOf([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY], random)).toBe(-1);
      expect(leastOf([Number.NaN], random)).toBe(-1);
    }
  });
});

describe('greatestIndex', () => {
  it('finds the greatest, below 0 too, and none where no score is finite', () => {
    expect(greatestIndex([-3, -1, -2], seededRandom(1))).toBe(1);
    expect(greatestIndex([Number.NaN, Number.NEGATIVE_INFINITY], seededRandom(1))).toBe(-1);
  });
});

describe('weightedIndex', () => {
  it('never gives an index of weight 0, whatever the random source says', () => {
    for (const value of [0, 0.5, 0.999999, 1]) {
      expect(weighted([0, 2, 0], () => value)).toBe(1);
      expect([1, 3]).toContain(weighted([0, 1, 0, 3, 0], () => value));
    }
  });

  it('gives none where no weight is above 0', () => {
    expect(weighted([0, 0], seededRandom(1))).toBe(-1);
    expect(weighted([], seededRandom(1))).toBe(-1);
  });

  it('splits the unit interval by weight', () => {
    expect([0, 0.24, 0.26, 0.99].map((value) => weighted([1, 3], () => value))).toEqual([0, 0, 1, 1]);
  });
});

describe('randomIndex', () => {
  it('stays below the length for a random source that returns 1', () => {
    expect(randomIndex(3, () => 1)).toBe(2);
    expect(randomIndex(3, () => 0)).toBe(0);
  });
});
