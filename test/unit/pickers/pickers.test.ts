import { describe, expect, it } from 'vitest';
import type { Picker } from '../../../src/core/scoring.js';
import { InvalidOptionError } from '../../../src/errors.js';
import { maxScore } from '../../../src/pickers/max-score.js';
import { randomByScore } from '../../../src/pickers/random-by-score.js';
import { fakeEndpoint } from '../../../src/testing/fake-endpoint.js';
import { seededRandom } from '../../../src/testing/seeded-random.js';

const SEED = 3;
const DRAWS = 40_000;

function shares(picker: Picker, scores: readonly number[], weights = scores.map(() => 1)): number[] {
  const random = seededRandom(SEED);
  const endpoints = weights.map((weight, index) => fakeEndpoint(`e${index}`, { weight }));
  const counts = scores.map(() => 0);
  for (let draw = 0; draw < DRAWS; draw++) {
    const index = picker.pick(endpoints, scores, random);
    counts[index] = (counts[index] ?? 0) + 1;
  }
  return counts.map((count) => count / DRAWS);
}

function expectShares(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  for (const [index, share] of expected.entries())
    expect(Math.abs((actual[index] ?? 0) - share), `index ${index}, seed ${SEED}`).toBeLessThan(0.01);
}

describe('maxScore', () => {
  it('takes the highest score, and each of several highest equally often', () => {
    expectShares(shares(maxScore(), [0.1, 0.9, 0.5]), [0, 1, 0]);
    expectShares(shares(maxScore(), [0.7, 0.9, 0.9]), [0, 0.5, 0.5]);
    expectShares(shares(maxScore(), [0, 0, 0, 0]), [0.25, 0.25, 0.25, 0.25]);
  });
});

describe('randomByScore', () => {
  it('draws in proportion to score and weight', () => {
    expectShares(shares(randomByScore(), [0.9, 0.3]), [0.75, 0.25]);
    expectShares(shares(randomByScore(), [0.5, 0.5, 0], [3, 1, 9]), [0.75, 0.25, 0]);
  });

  it('favours the best more with sharpness', () => {
    expectShares(shares(randomByScore({ sharpness: 2 }), [0.9, 0.3]), [0.9, 0.1]);
  });

  it('goes by weight alone when every score is 0', () => {
    expectShares(shares(randomByScore(), [0, 0], [3, 1]), [0.75, 0.25]);
  });

  it('refuses a sharpness that is none', () => {
    for (const sharpness of [0, -1, Number.NaN])
      expect(() => randomByScore({ sharpness })).toThrow(InvalidOptionError);
  });
});
