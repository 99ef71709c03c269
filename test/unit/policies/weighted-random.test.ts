import { describe, expect, it } from 'vitest';
import { weightedRandom } from '../../../src/policies/weighted-random.js';
import { fakeEndpoint } from '../../../src/testing/fake-endpoint.js';
import { fakeRequest } from '../../../src/testing/fake-request.js';
import { seededRandom } from '../../../src/testing/seeded-random.js';

const request = fakeRequest();

describe('weightedRandom', () => {
  it('explains by probability, which is 0 where nothing has a weight', () => {
    const shares = (...weights: number[]) =>
      weightedRandom()
        .explain?.(
          weights.map((weight) => fakeEndpoint('e', { weight })),
          request,
        )
        .map(({ score }) => score);
    expect(shares(3, 1, 0)).toEqual([0.75, 0.25, 0]);
    expect(shares(0, 0)).toEqual([0, 0]);
  });

  it('chooses in proportion to weight times slow start, whatever the load', () => {
    const endpoints = [
      fakeEndpoint('a', { weight: 3, outstanding: 100 }),
      fakeEndpoint('b'),
      fakeEndpoint('c', { weight: 2, slowStart: 0.5 }),
    ];
    const seed = 11;
    const context = { random: seededRandom(seed), now: () => 0, report: () => {} };
    const policy = weightedRandom();
    const counts: Record<string, number> = {};
    for (let turn = 0; turn < 50_000; turn++) {
      const id = policy.select(endpoints, request, context)?.id ?? 'none';
      counts[id] = (counts[id] ?? 0) + 1;
    }
    const shares = policy.explain?.(endpoints, request) ?? [];
    expect(shares.map(({ score }) => score)).toEqual([0.6, 0.2, 0.2]);
    for (const { endpoint, score } of shares)
      expect(Math.abs((counts[endpoint] ?? 0) / 50_000 - score), `${endpoint}, seed ${seed}`).toBeLessThan(
        0.01,
      );
  });
});
