import { describe, expect, it } from 'vitest';
import { Cooldown } from '../../../src/state/cooldown.js';
import { manualClock } from '../../../src/testing/manual-clock.js';

function rig(random = () => 0.5) {
  const clock = manualClock(1_000);
  const cooldown = new Cooldown(clock, random);
  const remaining = () => cooldown.remaining(clock.now());
  return { clock, cooldown, remaining };
}

describe('a cool-off', () => {
  it('is none to begin with', () => {
    const { cooldown, remaining } = rig();
    expect([cooldown.begun, remaining()]).toEqual([false, 0]);
    cooldown.begin(100);
    expect([cooldown.begun, remaining()]).toEqual([true, 100]);
  });

  it('case 25: lasts exactly as long as the endpoint asked', () => {
    const { clock, cooldown, remaining } = rig();
    cooldown.begin(1_234);
    clock.advance(1_233);
    expect(remaining()).toBe(1);
    clock.advance(1);
    expect(remaining()).toBe(0);
  });

  it.each([
    [0, 0],
    [-5, 0],
    [59_999, 59_999],
    [3_600_000, 60_000],
    [Number.POSITIVE_INFINITY, 60_000],
  ])('[26] of %s ms asked for lasts %s ms', (asked, lasts) => {
    const { cooldown, remaining } = rig();
    cooldown.begin(asked);
    expect(remaining()).toBe(lasts);
  });

  it('is not shortened by a later, shorter one, nor by a success', () => {
    const { clock, cooldown, remaining } = rig();
    cooldown.begin(10_000);
    clock.advance(1_000);
    cooldown.begin(2_000);
    cooldown.begin(0);
    cooldown.recovered();
    expect(remaining()).toBe(9_000);
  });

  it('is extended by a longer one', () => {
    const { clock, cooldown, remaining } = rig();
    cooldown.begin(10_000);
    clock.advance(9_000);
    cooldown.begin(5_000);
    expect(remaining()).toBe(5_000);
  });

  it('without a time named grows from overload to overload, up to a minute', () => {
    const { clock, cooldown, remaining } = rig();
    const times = Array.from({ length: 8 }, () => {
      cooldown.begin(undefined);
      const time = remaining();
      clock.advance(time);
      return time;
    });
    expect(times).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  });

  it('without a time named is random over its whole range', () => {
    for (const [random, time] of [
      [0, 0],
      [0.25, 250],
      [0.999, 999],
    ] as const) {
      const { cooldown, remaining } = rig(() => random);
      cooldown.begin(undefined);
      expect(remaining()).toBe(time);
    }
  });

  it('takes a burst of answers as one overload', () => {
    const { clock, cooldown, remaining } = rig();
    for (let answer = 0; answer < 50; answer++) cooldown.begin(undefined);
    expect(remaining()).toBe(500);
    clock.advance(500);
    cooldown.begin(undefined);
    expect(remaining()).toBe(1_000);
  });

  it('is short again after a success', () => {
    const { clock, cooldown, remaining } = rig();
    for (let overload = 0; overload < 3; overload++) {
      cooldown.begin(undefined);
      clock.advance(remaining());
    }
    cooldown.recovered();
    cooldown.begin(undefined);
    expect(remaining()).toBe(500);
  });

  it('sets no timer', () => {
    const { clock, cooldown } = rig();
    cooldown.begin(1_000);
    expect(clock.pending).toBe(0);
  });
});
