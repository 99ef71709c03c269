import { describe, expect, it } from 'vitest';
import { manualClock } from '../../../src/testing/manual-clock.js';

describe('manualClock', () => {
  it('fires timers in order of their due times, each at its own time', () => {
    const clock = manualClock(100);
    const fired: [string, number][] = [];
    clock.setTimer(() => fired.push(['late', clock.now()]), 30);
    clock.setTimer(() => fired.push(['early', clock.now()]), 10);
    clock.setTimer(() => fired.push(['early too', clock.now()]), 10);
    clock.advance(29);
    expect(fired).toEqual([
      ['early', 110],
      ['early too', 110],
    ]);
    expect(clock.pending).toBe(1);
    clock.advance(1);
    expect(fired.at(-1)).toEqual(['late', 130]);
    expect(clock.pending).toBe(0);
  });

  it('fires timers that are set while it advances', () => {
    const clock = manualClock();
    const times: number[] = [];
    const tick = () => {
      times.push(clock.now());
      clock.setTimer(tick, 10);
    };
    clock.setTimer(tick, 10);
    clock.advance(35);
    expect(times).toEqual([10, 20, 30]);
    expect(clock.now()).toBe(35);
    expect(clock.pending).toBe(1);
  });

  it('never fires a closed timer, even one closed by a timer of the same instant', () => {
    const clock = manualClock();
    const fired: string[] = [];
    clock.setTimer(() => other.close(), 5);
    const other = clock.setTimer(() => fired.push('other'), 5);
    clock.advance(10);
    other.close();
    expect(fired).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('lets promises that a timer settled set further timers, when advanced asynchronously', async () => {
    const clock = manualClock();
    // By the manual clock, which stands still but for `advance`.
    const inVirtualTime = (ms: number) => new Promise<void>((resolve) => clock.setTimer(resolve, ms));
    const times: number[] = [];
    const work = async () => {
      for (let step = 0; step < 3; step++) {
        await inVirtualTime(10);
        times.push(clock.now());
      }
    };
    const done = work();
    await clock.advanceAsync(30);
    await done;
    expect(times).toEqual([10, 20, 30]);
  });

  it('treats a delay of NaN or below zero as none', () => {
    const clock = manualClock();
    let fired = 0;
    clock.setTimer(() => fired++, Number.NaN);
    clock.setTimer(() => fired++, -5);
    clock.advance(0);
    expect(fired).toBe(2);
  });

  it('keeps wall time in step with its own', () => {
    const clock = manualClock();
    const before = clock.wallTime();
    clock.advance(1234);
    expect(clock.wallTime() - before).toBe(1234);
  });

  it('refuses to move backwards', () => {
    expect(() => manualClock().advance(-1)).toThrow(RangeError);
  });
});
