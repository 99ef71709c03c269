import { describe, expect, it } from 'vitest';
import { powerOfTwo } from '../../../src/policies/power-of-two.js';
import { fakeEndpoint } from '../../../src/testing/fake-endpoint.js';
import { fakeRequest } from '../../../src/testing/fake-request.js';
import { seededRandom } from '../../../src/testing/seeded-random.js';
import { servedUnderLoad } from './serve-under-load.js';

const request = fakeRequest();

function picks(
  endpoints: ReturnType<typeof fakeEndpoint>[],
  turns: number,
  seed: number,
): Map<string, number> {
  const context = { random: seededRandom(seed), now: () => 0, report: () => {} };
  const policy = powerOfTwo();
  const counts = new Map<string, number>();
  for (let turn = 0; turn < turns; turn++) {
    const id = policy.select(endpoints, request, context)?.id ?? 'none';
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
}

describe('powerOfTwo', () => {
  it('case 8: draws two different endpoints, so the strictly busiest of N is never chosen', () => {
    for (const size of [2, 3, 10]) {
      const endpoints = Array.from({ length: size }, (_, index) =>
        fakeEndpoint(`e${index}`, { outstanding: index === size - 1 ? 2 : 1 }),
      );
      const counts = picks(endpoints, 20_000, size);
      expect(counts.has(`e${size - 1}`), `${size} endpoints, seed ${size}`).toBe(false);
      expect(counts.size).toBe(size - 1);
    }
  });

  it('chooses the best of N in two draws out of N', () => {
    const endpoints = Array.from({ length: 10 }, (_, index) =>
      fakeEndpoint(`e${index}`, { outstanding: index }),
    );
    // The best wins whenever it is one of the two: 1 - (9/10 x 8/9) = 0.2.
    expect(Math.abs((picks(endpoints, 50_000, 3).get('e0') ?? 0) / 50_000 - 0.2)).toBeLessThan(0.01);
  });

  it('asks the balancer for no more than two of many', () => {
    const { above = Number.NaN, size } = powerOfTwo().sample ?? {};
    expect(size).toBe(2);
    expect(above).toBeGreaterThan(2);
  });

  it('draws in proportion to weight', () => {
    // Equal loads after the pick, so the first drawn goes: its share is its weight's.
    const endpoints = [
      fakeEndpoint('four', { weight: 4, outstanding: 3 }),
      fakeEndpoint('one', { weight: 1 }),
      fakeEndpoint('other', { weight: 1 }),
    ];
    expect(Math.abs((picks(endpoints, 60_000, 4).get('four') ?? 0) / 60_000 - 4 / 6)).toBeLessThan(0.01);
  });

  it('compares outstanding per weight, not outstanding', () => {
    const endpoints = [
      fakeEndpoint('heavy', { weight: 4, outstanding: 6 }),
      fakeEndpoint('light', { outstanding: 2 }),
    ];
    expect([...picks(endpoints, 1000, 5).keys()]).toEqual(['heavy']);
  });

  it('case 9: spreads evenly over ten endpoints, under steady and under varying load', () => {
    for (const varying of [false, true])
      for (const count of servedUnderLoad(powerOfTwo(), varying, 9))
        expect(Math.abs(count - 2000), `varying ${varying}, seed 9`).toBeLessThan(150);
  });
});
