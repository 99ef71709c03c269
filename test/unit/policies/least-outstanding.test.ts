import { describe, expect, it } from 'vitest';
import type { SelectionContext } from '../../../src/core/policy.js';
import { InvalidOptionError } from '../../../src/errors.js';
import { leastOutstanding } from '../../../src/policies/least-outstanding.js';
import { fakeEndpoint } from '../../../src/testing/fake-endpoint.js';
import { fakeRequest } from '../../../src/testing/fake-request.js';
import { seededRandom } from '../../../src/testing/seeded-random.js';
import { servedUnderLoad } from './serve-under-load.js';

const request = fakeRequest();

function seeded(seed = 1): SelectionContext {
  return { random: seededRandom(seed), now: () => 0, report: () => {} };
}

describe('leastOutstanding', () => {
  it('case 1: chooses none when there are no endpoints', () => {
    expect(leastOutstanding().select([], request, seeded())).toBeUndefined();
  });

  it('case 2: always chooses the one endpoint, and none once it is gone', () => {
    const only = fakeEndpoint('only', { outstanding: 1000 });
    const policy = leastOutstanding();
    for (let turn = 0; turn < 10; turn++) expect(policy.select([only], request, seeded(turn))).toBe(only);
    expect(policy.select([], request, seeded())).toBeUndefined();
  });

  it('case 3: fewer outstanding wins, in either direction', () => {
    const one = fakeEndpoint('one', { outstanding: 1 });
    const two = fakeEndpoint('two', { outstanding: 2 });
    const policy = leastOutstanding();
    expect(policy.select([one, two], request, seeded())).toBe(one);
    one.outstanding = 3;
    expect(policy.select([one, two], request, seeded())).toBe(two);
  });

  it('case 4: a full scan finds the one minimum of five, wherever it stands', () => {
    for (let place = 0; place < 5; place++) {
      const endpoints = [0, 1, 2, 3, 4].map((index) =>
        fakeEndpoint(`e${index}`, { outstanding: index === place ? 2 : 3 + index }),
      );
      expect(leastOutstanding().select(endpoints, request, seeded(place))).toBe(endpoints[place]);
    }
  });

  it('case 5: three-way ties are uniform within half a point over a million picks', () => {
    const seed = 5;
    const counts = new Map<string, number>();
    const tied = ['a', 'b', 'c'].map((id) => fakeEndpoint(id, { outstanding: 1 }));
    const endpoints = [
      fakeEndpoint('busy', { outstanding: 2 }),
      ...tied,
      fakeEndpoint('busier', { outstanding: 3 }),
    ];
    const policy = leastOutstanding();
    const context = seeded(seed);
    for (let pick = 0; pick < 1_000_000; pick++) {
      const id = policy.select(endpoints, request, context)?.id ?? 'none';
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual(['a', 'b', 'c']);
    for (const [id, count] of counts)
      expect(Math.abs(count / 1_000_000 - 1 / 3), `${id}, seed ${seed}`).toBeLessThan(0.005);
  });

  it('case 6: with requests that never end, weights 1:2 settle at outstanding 1:2', () => {
    expect(outstandingAfter(300, [1, 2])).toEqual([100, 200]);
  });

  it('with requests that never end, weights 3:1:1 settle at outstanding 3:1:1', () => {
    expect(outstandingAfter(500, [3, 1, 1])).toEqual([300, 100, 100]);
  });

  it('case 7: weight 0 gets no picks while its outstanding requests finish', () => {
    const drained = fakeEndpoint('drained', { weight: 0, outstanding: 3 });
    const busy = fakeEndpoint('busy', { outstanding: 50 });
    const policy = leastOutstanding();
    for (; drained.outstanding > 0; drained.outstanding--)
      expect(policy.select([drained, busy], request, seeded(drained.outstanding))).toBe(busy);
    expect(policy.select([drained, busy], request, seeded())).toBe(busy);
  });

  it('case 9: spreads evenly over ten endpoints, under steady and under varying load', () => {
    for (const varying of [false, true])
      for (const count of servedUnderLoad(leastOutstanding(), varying, 9))
        expect(Math.abs(count - 2000), `varying ${varying}, seed 9`).toBeLessThan(100);
  });

  it('case 15: 64 clients that start together do not all choose the same endpoint', () => {
    const first = new Map<string, number>();
    for (let client = 0; client < 64; client++) {
      const endpoints = Array.from({ length: 16 }, (_, index) => fakeEndpoint(`e${index}`));
      const id = leastOutstanding().select(endpoints, request, seeded(client))?.id ?? 'none';
      first.set(id, (first.get(id) ?? 0) + 1);
    }
    // Four each on average; a thousandth of all random assignments has one with more than 12.
    expect(Math.max(...first.values())).toBeLessThanOrEqual(12);
    expect(first.size).toBeGreaterThanOrEqual(13);
  });

  it('gives an endpoint in slow start a share as of a smaller weight', () => {
    const endpoints = [fakeEndpoint('old', { outstanding: 16 }), fakeEndpoint('new', { slowStart: 0.1 })];
    const policy = leastOutstanding();
    const [old, joined] = endpoints;
    if (!old || !joined) throw new Error('two endpoints are needed');
    expect(policy.select(endpoints, request, seeded())).toBe(joined);
    joined.outstanding = 1;
    expect(policy.select(endpoints, request, seeded())).toBe(old);
  });

  it('above its scan limit looks at two only, so the busiest still gets nothing', () => {
    const endpoints = Array.from({ length: 65 }, (_, index) =>
      fakeEndpoint(`e${index}`, { outstanding: index }),
    );
    const policy = leastOutstanding();
    const context = seeded(64);
    const chosen = new Set<string | undefined>();
    for (let pick = 0; pick < 5000; pick++) chosen.add(policy.select(endpoints, request, context)?.id);
    expect(chosen.size).toBeGreaterThan(30);
    expect(chosen.has('e64')).toBe(false);
    expect(leastOutstanding({ scanLimit: 65 }).select(endpoints, request, context)?.id).toBe('e0');
  });

  it('explains by load, lower being better', () => {
    const endpoints = [
      fakeEndpoint('heavy', { weight: 3, outstanding: 5 }),
      fakeEndpoint('light', { outstanding: 2 }),
    ];
    expect(leastOutstanding().explain?.(endpoints, request)).toEqual([
      { endpoint: 'heavy', score: 2 },
      { endpoint: 'light', score: 3 },
    ]);
  });

  it('refuses a scan limit that is no count, and options it does not know', () => {
    for (const scanLimit of [0, 1.5, Number.NaN, '64' as unknown as number])
      expect(() => leastOutstanding({ scanLimit })).toThrow(
        expect.objectContaining({
          constructor: InvalidOptionError,
          option: 'leastOutstanding.scanLimit',
          rule: 'must be an integer, at least 1',
        }),
      );
    expect(() => leastOutstanding({ scanLimits: 3 } as object)).toThrow(/leastOutstanding\.scanLimits/);
  });
});

function outstandingAfter(requests: number, weights: readonly number[]): number[] {
  const endpoints = weights.map((weight, index) => fakeEndpoint(`e${index}`, { weight }));
  const policy = leastOutstanding();
  const context = seeded(requests);
  for (let sent = 0; sent < requests; sent++) {
    const chosen = policy.select(endpoints, request, context);
    for (const endpoint of endpoints) if (endpoint === chosen) endpoint.outstanding++;
  }
  return endpoints.map(({ outstanding }) => outstanding);
}
