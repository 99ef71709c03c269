import { describe, expect, it } from 'vitest';
import { roundRobin } from '../../../src/policies/round-robin.js';
import { type FakeEndpoint, fakeEndpoint } from '../../../src/testing/fake-endpoint.js';
import { fakeRequest } from '../../../src/testing/fake-request.js';
import { seededRandom } from '../../../src/testing/seeded-random.js';

const request = fakeRequest();

function turns(seed: number, random = seededRandom(seed)) {
  const policy = roundRobin();
  const context = { random, now: () => 0, report: () => {} };
  return {
    policy,
    take: (endpoints: readonly FakeEndpoint[], count: number) =>
      Array.from({ length: count }, () => policy.select(endpoints, request, context)?.id ?? 'none'),
  };
}

function tally(ids: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const id of ids) counts[id] = (counts[id] ?? 0) + 1;
  return counts;
}

describe('roundRobin', () => {
  it('takes each of equal endpoints once a round', () => {
    const endpoints = ['a', 'b', 'c'].map((id) => fakeEndpoint(id));
    const { take } = turns(1);
    for (let round = 0; round < 20; round++) expect(take(endpoints, 3).sort()).toEqual(['a', 'b', 'c']);
  });

  it('gives each endpoint exactly its weight in every round, for any seed', () => {
    const weights = { a: 5, b: 3, c: 1, d: 1 };
    const endpoints = Object.entries(weights).map(([id, weight]) => fakeEndpoint(id, { weight }));
    for (let seed = 0; seed < 50; seed++) {
      const { take } = turns(seed);
      for (let round = 0; round < 5; round++)
        expect(tally(take(endpoints, 10)), `seed ${seed}`).toEqual(weights);
    }
  });

  it('spaces a heavy endpoint out as nginx does: 5, 1, 1 is a a . a . a a', () => {
    const endpoints = [fakeEndpoint('a', { weight: 5 }), fakeEndpoint('b'), fakeEndpoint('c')];
    const order = turns(2).take(endpoints, 7);
    expect(order.map((id) => (id === 'a' ? 'a' : '.')).join('')).toBe('aa.a.aa');
    expect(new Set(order).size).toBe(3);
  });

  it('does not begin every process with the same endpoint', () => {
    const first = Array.from({ length: 64 }, (_, seed) => {
      const endpoints = ['a', 'b', 'c', 'd'].map((id) => fakeEndpoint(id));
      return turns(seed).take(endpoints, 1)[0] ?? 'none';
    });
    for (const count of Object.values(tally(first))) expect(count).toBeLessThan(32);
    expect(new Set(first).size).toBe(4);
  });

  it('goes on evenly when an endpoint leaves, comes back, or joins', () => {
    const [a, b, c] = [fakeEndpoint('a'), fakeEndpoint('b'), fakeEndpoint('c')];
    const { take } = turns(3);
    take([a, b, c], 4);
    const without = tally(take([a, c], 100));
    expect(Math.abs((without.a ?? 0) - 50)).toBeLessThanOrEqual(2);
    const withAll = tally(take([a, b, c], 300));
    for (const id of ['a', 'b', 'c']) expect(Math.abs((withAll[id] ?? 0) - 100)).toBeLessThanOrEqual(2);
    const joined = tally(take([a, b, c, fakeEndpoint('d')], 400));
    for (const id of ['a', 'b', 'c', 'd']) expect(Math.abs((joined[id] ?? 0) - 100)).toBeLessThanOrEqual(2);
  });

  it('gives an endpoint its turns again that had weight 0 for a while, and none in between', () => {
    const [a, b] = [fakeEndpoint('a'), fakeEndpoint('b')];
    const { take } = turns(6);
    take([a, b], 2);
    a.weight = 0;
    expect(tally(take([a, b], 4))).toEqual({ b: 4 });
    a.weight = 1;
    expect(tally(take([a, b], 10))).toEqual({ a: 5, b: 5 });
  });

  it('shares out fairly when requests differ in the endpoints that can serve them', () => {
    const [a, b, c] = [fakeEndpoint('a'), fakeEndpoint('b'), fakeEndpoint('c')];
    const { take } = turns(4);
    const ids: string[] = [];
    for (let turn = 0; turn < 300; turn++) ids.push(...take([a, b], 1), ...take([b, c], 1));
    const counts = tally(ids);
    // Half of either kind each: b, which serves both, gets both halves.
    expect(counts).toEqual({ a: 150, b: 300, c: 150 });
  });

  it('explains by credit: the candidate with the most goes next', () => {
    const endpoints = [fakeEndpoint('a', { weight: 3 }), fakeEndpoint('b')];
    const { policy, take } = turns(5);
    for (let turn = 0; turn < 12; turn++) {
      const credits = policy.explain?.(endpoints, request) ?? [];
      const most = Math.max(...credits.map(({ score }) => score));
      const next = take(endpoints, 1)[0];
      expect(credits.find(({ endpoint }) => endpoint === next)?.score).toBe(most);
    }
  });
});
