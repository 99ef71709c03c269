import type { Clock } from 'evenkeel';

/** Time that runs so many times as fast: a slow answer of 30 s need not be waited for. */
export function quickClock(speed: number): Clock {
  return {
    now: () => performance.now() * speed,
    wallTime: () => Date.now(),
    setTimer: (callback, delay) => setTimeout(callback, delay / speed),
  };
}
