import type { Clock, Timer } from '../core/clock.js';

/** A clock that moves only when told to. */
export interface ManualClock extends Clock {
  /** Timers set and neither fired nor closed. */
  readonly pending: number;
  /**
   * Moves time on by `ms` and fires, each at its own due time, every timer that falls due, those set meanwhile
   * included. Timers due together fire in the order in which they were set. An error thrown by a timer stops
   * the clock at that timer's due time and is passed on.
   */
  advance(ms: number): void;
  /** The same, but lets promise callbacks and `setImmediate` run before each timer and after the last. */
  advanceAsync(ms: number): Promise<void>;
}

interface SetTimer extends Timer {
  readonly due: number;
  readonly order: number;
  readonly callback: () => void;
}

/**
 * Makes a clock that stands still until it is moved.
 *
 * @param start what `now()` says at first, in ms. Default 0
 */
export function manualClock(start = 0): ManualClock {
  let now = start;
  let set = 0;
  const timers = new Set<SetTimer>();

  /** Takes the first timer due by `limit`, and moves the clock to it. */
  const next = (limit: number): SetTimer | undefined => {
    let first: SetTimer | undefined;
    for (const timer of timers) {
      if (timer.due > limit) continue;
      if (!first || timer.due < first.due || (timer.due === first.due && timer.order < first.order))
        first = timer;
    }
    if (first) {
      timers.delete(first);
      now = Math.max(now, first.due);
    }
    return first;
  };

  return {
    now: () => now,
    wallTime: () => EPOCH + now,
    setTimer(callback, delay) {
      const timer: SetTimer = {
        // As Node's timers do: no delay, a negative one and NaN all mean "as soon as possible".
        due: now + Math.max(0, delay || 0),
        order: set++,
        callback,
        close: () => {
          timers.delete(timer);
        },
      };
      timers.add(timer);
      return timer;
    },
    get pending() {
      return timers.size;
    },
    advance(ms) {
      const end = endOf(now, ms);
      for (let timer = next(end); timer; timer = next(end)) timer.callback();
      now = end;
    },
    async advanceAsync(ms) {
      const end = endOf(now, ms);
      await settled();
      for (let timer = next(end); timer; timer = next(end)) {
        timer.callback();
        await settled();
      }
      now = Math.max(now, end);
    },
  };
}

/** 2026-01-01T00:00:00Z: a round wall time, so that dates in tests are readable. */
const EPOCH = 1_767_225_600_000;

function endOf(now: number, ms: number): number {
  if (!(ms >= 0 && Number.isFinite(ms)))
    throw new RangeError(`A clock moves forward by a finite time; got ${ms}`);
  return now + ms;
}

/** A turn of the event loop: every promise callback that could run has run. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
