import { describe, expect, it } from 'vitest';
import { InvalidOptionError } from '../../../src/errors.js';
import { peakEwma } from '../../../src/policies/peak-ewma.js';
import { type FakeEndpoint, fakeEndpoint } from '../../../src/testing/fake-endpoint.js';
import { fakeRequest } from '../../../src/testing/fake-request.js';
import { manualClock } from '../../../src/testing/manual-clock.js';
import { seededRandom } from '../../../src/testing/seeded-random.js';

const request = fakeRequest();

function firstToken(ms: number | undefined) {
  return { firstToken: ms, response: undefined, tokenInterval: undefined };
}

function setUp(decay?: number) {
  const clock = manualClock();
  const policy = peakEwma({ decay });
  const context = { random: seededRandom(1), now: () => clock.now(), report: () => {} };
  return {
    clock,
    select: (endpoints: readonly FakeEndpoint[]) => policy.select(endpoints, request, context)?.id,
    cost: (endpoint: FakeEndpoint) => policy.explain?.([endpoint], request, context)[0]?.score ?? Number.NaN,
  };
}

describe('peakEwma', () => {
  it('weighs time to first token against outstanding requests', () => {
    const { select } = setUp();
    const quick = fakeEndpoint('quick', { latency: firstToken(200), outstanding: 3 });
    const slow = fakeEndpoint('slow', { latency: firstToken(500) });
    expect(select([quick, slow])).toBe('slow');
    quick.outstanding = 1;
    expect(select([quick, slow])).toBe('quick');
  });

  it('goes by the answer where no stream has been seen', () => {
    const { select } = setUp();
    const latency = { firstToken: undefined, response: 100, tokenInterval: undefined };
    expect(
      select([fakeEndpoint('answers', { latency }), fakeEndpoint('streams', { latency: firstToken(300) })]),
    ).toBe('answers');
  });

  it('probes an endpoint without history at once, and with one request at most until it has answered', () => {
    const { select } = setUp();
    const known = fakeEndpoint('known', { latency: firstToken(50), outstanding: 400 });
    const fresh = fakeEndpoint('fresh');
    expect(select([known, fresh])).toBe('fresh');
    fresh.outstanding = 1;
    for (let turn = 0; turn < 100; turn++) {
      expect(select([known, fresh])).toBe('known');
      known.outstanding++;
    }
    fresh.latency = firstToken(50);
    expect(select([known, fresh])).toBe('fresh');
  });

  it('falls back to the counts among busy endpoints without history, weights included', () => {
    const { select } = setUp();
    const endpoints = [
      fakeEndpoint('a', { outstanding: 5, weight: 3 }),
      fakeEndpoint('b', { outstanding: 2 }),
    ];
    expect(select(endpoints)).toBe('a');
  });

  it('believes a worse average at once and a better one little by little', () => {
    const { clock, select, cost } = setUp(10_000);
    const endpoint = fakeEndpoint('e', { latency: firstToken(100) });
    select([endpoint]);
    endpoint.latency = firstToken(1000);
    select([endpoint]);
    expect(cost(endpoint)).toBe(1000);
    clock.advance(10_000);
    endpoint.latency = firstToken(100);
    select([endpoint]);
    expect(cost(endpoint)).toBeCloseTo(100 + 900 / Math.E, 6);
  });

  it('lets a cost without news fade, so that an endpoint that was slow is tried again', () => {
    const { clock, select } = setUp();
    const slow = fakeEndpoint('slow', { latency: firstToken(1000) });
    const quick = fakeEndpoint('quick', { latency: firstToken(100) });
    let average = 100;
    const secondsUntilTried = () => {
      for (let second = 0; second < 300; second++) {
        if (select([slow, quick]) === 'slow') return second;
        clock.advance(1000);
        // The one that gets the traffic has news each second.
        average = average === 100 ? 100.1 : 100;
        quick.latency = firstToken(average);
      }
      return undefined;
    };
    // ln(1000 / 100) x 30 s = 69 s.
    expect(secondsUntilTried()).toBeGreaterThanOrEqual(68);
    expect(secondsUntilTried()).toBe(0);
    slow.latency = firstToken(1001);
    expect(secondsUntilTried()).toBeGreaterThanOrEqual(68);
  });

  it('balances by the counts alone after a long silence', () => {
    const { clock, select } = setUp();
    const endpoints = [
      fakeEndpoint('a', { latency: firstToken(900), outstanding: 1 }),
      fakeEndpoint('b', { latency: firstToken(30), outstanding: 2 }),
    ];
    expect(select(endpoints)).toBe('b');
    clock.advance(24 * 3_600_000);
    expect(select(endpoints)).toBe('a');
  });

  it('shares requests out so that latency times outstanding is alike', () => {
    const { select } = setUp();
    const endpoints = [
      fakeEndpoint('a', { latency: firstToken(100) }),
      fakeEndpoint('b', { latency: firstToken(200) }),
      fakeEndpoint('c', { latency: firstToken(400) }),
    ];
    for (let sent = 0; sent < 700; sent++) {
      const id = select(endpoints);
      for (const endpoint of endpoints) if (endpoint.id === id) endpoint.outstanding++;
    }
    const [a, b, c] = endpoints.map(({ outstanding }) => outstanding);
    expect(Math.abs((a ?? 0) - 400)).toBeLessThanOrEqual(3);
    expect(Math.abs((b ?? 0) - 200)).toBeLessThanOrEqual(3);
    expect(Math.abs((c ?? 0) - 100)).toBeLessThanOrEqual(3);
  });

  it('refuses a decay that is no time', () => {
    for (const decay of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => peakEwma({ decay })).toThrow(
        expect.objectContaining({
          constructor: InvalidOptionError,
          option: 'peakEwma.decay',
          rule: 'must be a finite number, above 0',
        }),
      );
    expect(() => peakEwma({ halfLife: 1 } as object)).toThrow(/peakEwma\.halfLife.*known: decay/);
  });
});
