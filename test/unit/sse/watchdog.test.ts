import { describe, expect, it } from 'vitest';
import type { Clock } from '../../../src/core/clock.js';
import { Watchdog } from '../../../src/sse/watchdog.js';
import { manualClock } from '../../../src/testing/manual-clock.js';

function rig(horizon = 1_000) {
  const clock = manualClock();
  const delays: number[] = [];
  const counted: Clock = {
    ...clock,
    now: () => clock.now(),
    setTimer: (callback, delay) => {
      delays.push(delay);
      return clock.setTimer(callback, delay);
    },
  };
  const expired: number[] = [];
  const dog = new Watchdog(counted, horizon, { onExpired: () => expired.push(clock.now()) });
  return { clock, delays, expired, expect: (deadline: number) => dog.expect(deadline, clock.now()), dog };
}

describe('Watchdog', () => {
  it('expires at its deadline, once', () => {
    const watch = rig();
    watch.expect(100);
    watch.clock.advance(99);
    expect(watch.expired).toEqual([]);
    watch.clock.advance(500);
    expect(watch.expired).toEqual([100]);
  });

  it('needs no new timer for a deadline that moves later, however often', () => {
    const watch = rig();
    watch.expect(100);
    for (let count = 0; count < 50; count++) {
      watch.clock.advance(1);
      watch.expect(watch.clock.now() + 100);
    }
    expect(watch.delays).toEqual([100]);
    watch.clock.advance(99);
    expect(watch.expired).toEqual([]);
    watch.clock.advance(1);
    expect(watch.expired).toEqual([150]);
    expect(watch.delays).toEqual([100, 50]);
  });

  it('sets a new timer for a deadline that moves earlier, and closes the old one', () => {
    const watch = rig();
    watch.expect(100);
    watch.expect(10);
    expect(watch.clock.pending).toBe(1);
    watch.clock.advance(10);
    expect(watch.expired).toEqual([10]);
    expect(watch.clock.pending).toBe(0);
  });

  it('looks no further ahead than its horizon, so that a shorter clock that follows needs no new timer', () => {
    const watch = rig(50);
    watch.expect(400);
    expect(watch.delays).toEqual([50]);
    watch.clock.advance(20);
    watch.expect(watch.clock.now() + 50);
    expect(watch.delays).toEqual([50]);
    watch.clock.advance(50);
    expect(watch.expired).toEqual([70]);
  });

  it('reaches a deadline beyond what one Node timer can wait', () => {
    const watch = rig(Number.POSITIVE_INFINITY);
    watch.expect(3_000_000_000);
    expect(watch.delays).toEqual([2 ** 31 - 1]);
    watch.clock.advance(2_999_999_999);
    expect(watch.expired).toEqual([]);
    watch.clock.advance(1);
    expect(watch.expired).toEqual([3_000_000_000]);
  });

  it('never expires for Infinity, nor after stop', () => {
    const watch = rig();
    watch.expect(Number.POSITIVE_INFINITY);
    expect(watch.clock.pending).toBe(0);
    watch.expect(10);
    watch.expect(Number.POSITIVE_INFINITY);
    watch.clock.advance(100);
    expect(watch.expired).toEqual([]);
    watch.expect(200);
    watch.dog.stop();
    watch.dog.stop();
    expect(watch.clock.pending).toBe(0);
    watch.clock.advance(1_000);
    expect(watch.expired).toEqual([]);
  });

  it('expires at once for a deadline that has passed, and can be used again', () => {
    const watch = rig();
    watch.clock.advance(50);
    watch.expect(10);
    watch.clock.advance(0);
    expect(watch.expired).toEqual([50]);
    watch.expect(60);
    watch.clock.advance(10);
    expect(watch.expired).toEqual([50, 60]);
  });
});
