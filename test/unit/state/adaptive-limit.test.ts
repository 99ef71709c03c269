import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../../src/core/outcome.js';
import { AdaptiveLimit, CEILING, FLOOR, START } from '../../../src/state/adaptive-limit.js';
import { Lease } from '../../../src/state/lease.js';
import { manualClock } from '../../../src/testing/manual-clock.js';
import { seededRandom } from '../../../src/testing/seeded-random.js';
import { ALONE, endpointOf, endpointState } from '../../support/endpoint-rig.js';
import { SlotServer } from '../../support/slot-server.js';

function open() {
  const clock = manualClock();
  const limit = new AdaptiveLimit(clock);
  return {
    clock,
    limit,
    /** Successes while the whole limit is in use. */
    succeed: (times: number) => {
      for (let time = 0; time < times; time++) limit.succeeded(limit.current);
    },
    /** First tokens of requests sent now. */
    firstTokens: (elapsed: number, times = 20) => {
      const round = limit.sent();
      for (let time = 0; time < times; time++) limit.firstToken(elapsed, round);
    },
    /** Windows of first tokens until this is usual and a probe has found no queue. */
    usually: (elapsed: number) => {
      for (let time = 0; time < 60; time++) limit.firstToken(elapsed, limit.sent());
    },
    overload: () => limit.overloaded(limit.sent()),
  };
}

describe('AdaptiveLimit', () => {
  it('begins at 8', () => {
    expect(open().limit.current).toBe(START);
    expect(START).toBe(8);
  });

  it('doubles with each 20 successes, or limit successes if that is more, until the first sign of too much', () => {
    const { limit, succeed } = open();
    succeed(20);
    expect(limit.current).toBeGreaterThanOrEqual(16);
    expect(limit.current).toBeLessThanOrEqual(24);
    succeed(100);
    const before = limit.current;
    succeed(before);
    expect(limit.current).toBe(2 * before);
  });

  it('does not grow while less than half of it is in use', () => {
    const { limit } = open();
    for (let time = 0; time < 1_000; time++) limit.succeeded(3);
    expect(limit.current).toBe(START);
  });

  it('grows with a success while just half of it is in use', () => {
    const { limit } = open();
    limit.succeeded(4);
    // 8.4 by now, 10.2 in the end: half of that is more than 5.
    for (let time = 0; time < 4; time++) limit.succeeded(5);
    expect(limit.current).toBe(10);
    limit.succeeded(5);
    expect(limit.current).toBe(10);
  });

  it('falls to 0.8 of itself when the endpoint is overloaded', () => {
    const { limit, succeed, overload } = open();
    succeed(200);
    const before = limit.current;
    overload();
    expect(limit.current).toBeGreaterThanOrEqual(Math.floor(before * 0.8));
    expect(limit.current).toBeLessThanOrEqual(Math.floor((before + 1) * 0.8));
  });

  it('takes a burst of overload answers for one: those sent before the cut do not cut again', () => {
    const { limit, succeed } = open();
    succeed(200);
    const rounds = Array.from({ length: 50 }, () => limit.sent());
    const before = limit.current;
    for (const round of rounds) limit.overloaded(round);
    const after = limit.current;
    expect(after).toBeGreaterThanOrEqual(Math.floor(before * 0.8));
    limit.overloaded(limit.sent());
    expect(limit.current).toBeLessThan(after);
  });

  it('grows by 1 in as many successes as it is, once it has been cut, and by a quarter beyond that place', () => {
    const { limit, succeed, overload } = open();
    succeed(200);
    const cutAt = limit.current;
    overload();
    const after = limit.current;
    succeed(after + 1);
    expect(limit.current - after).toBe(1);
    while (limit.current <= cutAt) succeed(1);
    const beyond = limit.current;
    succeed(beyond);
    expect(limit.current / beyond).toBeCloseTo(1.25, 1);
  });

  it('is never less than 1, nor more than 1024', () => {
    const { limit, succeed, overload } = open();
    for (let time = 0; time < 100; time++) overload();
    expect(limit.current).toBe(FLOOR);
    succeed(19);
    expect(limit.current).toBe(1);
    succeed(1_000_000);
    expect(limit.current).toBe(CEILING);
  });

  it.each([
    ['by the gradient 1.5 x usual / recent', 500, 0.6],
    ['to half at most', 60_000, 0.5],
  ])('is cut %s when a window of first tokens is slow', (_how, slow, factor) => {
    const { limit, usually, firstTokens } = open();
    usually(200);
    firstTokens(slow);
    expect(limit.current).toBe(Math.floor(START * factor));
  });

  it('is not cut by first tokens within 1.5 of the usual, by fewer than twenty, or by a single slow one', () => {
    const { limit, usually, firstTokens } = open();
    usually(200);
    firstTokens(290);
    expect(limit.current).toBe(START);
    firstTokens(60_000, 1);
    firstTokens(200, 19);
    expect(limit.current).toBe(START);
    firstTokens(5_000, 19);
    expect(limit.current).toBe(START);
    firstTokens(5_000, 1);
    expect(limit.current).toBe(START / 2);
  });

  it('takes a faster server for the usual one quickly: half the way with each window', () => {
    const { limit, usually, firstTokens } = open();
    usually(200);
    firstTokens(100);
    // Half the way in logarithms: 141 ms is usual, of which 250 is 1.77 times.
    firstTokens(250);
    expect(limit.current).toBeLessThan(START);
  });

  it('takes a slower server for the usual one slowly: a tenth of the way with each window', () => {
    const { limit, usually, firstTokens } = open();
    usually(200);
    firstTokens(280);
    // 207 ms is usual now, of which 320 is 1.55 times.
    firstTokens(320);
    expect(limit.current).toBeLessThan(START);
  });

  it('is not cut by what chance makes of prompts of very different length', () => {
    const { limit, usually, firstTokens } = open();
    usually(200);
    // Over 1.5 times the usual on average, but within three standard errors.
    firstTokens(20, 9);
    firstTokens(3_000, 11);
    expect(limit.current).toBe(START);
  });

  it('hears no first token of a request sent before the last cut', () => {
    const { limit, firstTokens, overload } = open();
    firstTokens(200);
    const old = limit.sent();
    overload();
    const after = limit.current;
    for (let time = 0; time < 200; time++) limit.firstToken(10_000, old);
    expect(limit.current).toBe(after);
  });

  it('tries half of itself now and then, and goes back when first tokens come no sooner', () => {
    const { limit, succeed, firstTokens } = open();
    succeed(20);
    const before = limit.current;
    firstTokens(200);
    firstTokens(200);
    expect(limit.current).toBe(Math.floor(before / 2));
    succeed(1_000);
    expect(limit.current).toBe(Math.floor(before / 2));
    firstTokens(190);
    expect(limit.current).toBe(before);
  });

  it('stays at half, and tries half of that, when first tokens come much sooner there', () => {
    const { limit, succeed, firstTokens } = open();
    succeed(20);
    const before = limit.current;
    firstTokens(3_000);
    firstTokens(3_000);
    firstTokens(1_000);
    expect(limit.current).toBe(Math.floor(before / 4));
    firstTokens(990);
    expect(limit.current).toBe(Math.floor(before / 2));
  });

  it('loses half of what it has above its start with each idle minute, and nothing below it', () => {
    const { clock, limit, succeed, overload } = open();
    succeed(400);
    const before = limit.current;
    const pause = (ms: number) => {
      limit.sent();
      limit.idle();
      clock.advance(ms);
      limit.sent();
    };
    pause(59_000);
    expect(limit.current).toBe(before);
    pause(60_000);
    expect(limit.current).toBeCloseTo(START + (before - START) / 2, -0.5);
    pause(3_600_000);
    expect(limit.current).toBe(START);
    for (let time = 0; time < 5; time++) overload();
    const low = limit.current;
    expect(low).toBeLessThan(START);
    pause(3_600_000);
    expect(limit.current).toBe(low);
  });

  it('is whole again after an idle minute that came in the middle of a probe', () => {
    const { clock, limit, firstTokens } = open();
    firstTokens(200);
    firstTokens(200);
    expect(limit.current).toBe(START / 2);
    limit.idle();
    clock.advance(60_000);
    limit.sent();
    expect(limit.current).toBe(START);
  });

  it('knows what is usual after a shorter pause', () => {
    const { clock, limit, usually, firstTokens } = open();
    usually(200);
    limit.idle();
    clock.advance(59_999);
    firstTokens(60_000);
    expect(limit.current).toBe(START / 2);
  });

  it('forgets what was usual after an idle minute: the server may be another', () => {
    const { clock, limit, firstTokens } = open();
    firstTokens(100);
    limit.idle();
    clock.advance(60_000);
    firstTokens(1_000);
    expect(limit.current).toBe(START);
  });
});

describe('an endpoint with an adaptive limit', () => {
  const outcome: Record<string, Outcome> = {
    success: { kind: 'success' },
    overloaded: { kind: 'overloaded', status: 429, retryAfter: 0 },
    'no first token in time': {
      kind: 'fault',
      reason: 'timeout-first-token',
      status: undefined,
      sent: true,
      error: undefined,
    },
    reset: { kind: 'fault', reason: 'reset', status: undefined, sent: true, error: undefined },
    'a caller that left': { kind: 'neutral', reason: 'caller-left' },
  };

  it.each([
    ['success', 'up'],
    ['overloaded', 'down'],
    ['no first token in time', 'down'],
    ['reset', 'not at all'],
    ['a caller that left', 'not at all'],
  ])('moves it, on %s, %s', (name, way) => {
    const endpoint = endpointState('a', { maxOutstanding: 'adaptive' });
    const settled = outcome[name];
    if (settled === undefined) throw new Error(name);
    for (let time = 0; time < 20; time++) {
      const leases = Array.from({ length: START }, () => new Lease(endpoint, ALONE));
      for (const lease of leases) lease.settle(settled);
    }
    const moved = Math.sign(endpoint.maxOutstanding - START);
    expect(moved).toBe({ up: 1, down: -1, 'not at all': 0 }[way]);
  });

  it('learns no first-token time from answers that do not stream', () => {
    const endpoint = endpointState('a', { maxOutstanding: 'adaptive' });
    for (let time = 0; time < 40; time++) {
      const lease = new Lease(endpoint, ALONE);
      lease.answering();
      lease.settle({ kind: 'rejected', status: 400 });
    }
    // Two windows of first tokens would have begun a probe at half the limit.
    expect(endpoint.maxOutstanding).toBe(START);
  });

  it('is not available while the limit is outstanding', () => {
    const endpoint = endpointState('a', { maxOutstanding: 'adaptive' });
    const leases = Array.from({ length: START }, () => new Lease(endpoint, ALONE));
    expect(endpoint.available).toBe(false);
    leases[0]?.settle({ kind: 'neutral', reason: 'caller-left' });
    expect(endpoint.available).toBe(true);
  });

  it('keeps what it has learnt through an update, and drops it for a number', () => {
    const endpoint = endpointState('a', { maxOutstanding: 'adaptive' });
    new Lease(endpoint, ALONE).settle({ kind: 'overloaded', status: 429, retryAfter: 0 });
    const learnt = endpoint.maxOutstanding;
    expect(learnt).toBeLessThan(START);
    endpoint.describe(endpointOf('a', { maxOutstanding: 'adaptive', weight: 2 }));
    expect(endpoint.maxOutstanding).toBe(learnt);
    endpoint.describe(endpointOf('a', { maxOutstanding: 40 }));
    expect(endpoint.maxOutstanding).toBe(40);
    endpoint.describe(endpointOf('a', { maxOutstanding: 'adaptive' }));
    expect(endpoint.maxOutstanding).toBe(START);
  });

  const SEEDS = [1, 2, 3];
  const cases = [4, 8, 32, 128].flatMap((slots) =>
    [Number.POSITIVE_INFINITY, 0].map((maxWaiting) => ({ slots, maxWaiting })),
  );

  it.each(cases)('finds $slots slots of a server that lets $maxWaiting wait', ({ slots, maxWaiting }) => {
    for (const seed of SEEDS) {
      const clock = manualClock();
      const endpoint = endpointState('a', { maxOutstanding: 'adaptive' }, clock);
      const server = new SlotServer(endpoint, { slots, maxWaiting, clock, random: seededRandom(seed) });
      server.run(600);
      const servedBefore = server.served;
      const limits = server.run(600);
      const mean = limits.reduce((sum, one) => sum + one, 0) / limits.length;
      // A slot serves a request in 3.2 s on average.
      const used = (server.served - servedBefore) / ((600 * slots) / 3.2);
      const message = `seed ${seed}: mean limit ${mean}, share of the slots used ${used}`;
      expect(mean / slots, message).toBeGreaterThan(0.5);
      expect(mean / slots, message).toBeLessThan(1.5);
      expect(used, message).toBeGreaterThan(0.6);
    }
  });

  it('follows a server that loses half of its slots', () => {
    for (const seed of SEEDS) {
      const clock = manualClock();
      const endpoint = endpointState('a', { maxOutstanding: 'adaptive' }, clock);
      const random = seededRandom(seed);
      const server = new SlotServer(endpoint, {
        slots: 64,
        maxWaiting: Number.POSITIVE_INFINITY,
        clock,
        random,
      });
      server.run(600);
      server.slots = 32;
      server.run(300);
      const limits = server.run(600);
      const mean = limits.reduce((sum, one) => sum + one, 0) / limits.length;
      expect(mean / 32, `seed ${seed}`).toBeGreaterThan(0.5);
      expect(mean / 32, `seed ${seed}`).toBeLessThan(1.6);
    }
  });
});
