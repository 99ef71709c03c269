import { manualClock } from 'evenkeel/testing';
import type { Clock, Timer } from '../../../src/core/clock.js';

/** A clock that goes from one timer to the next, for servers and balancers whose sockets are real. */
export class VirtualTime implements Clock {
  readonly #clock = manualClock();
  readonly #due = new Set<{ readonly at: number }>();

  now(): number {
    return this.#clock.now();
  }

  wallTime(): number {
    return this.#clock.wallTime();
  }

  setTimer(callback: () => void, delay: number): Timer {
    const entry = { at: this.now() + Math.max(0, delay || 0) };
    this.#due.add(entry);
    const timer = this.#clock.setTimer(() => {
      this.#due.delete(entry);
      callback();
    }, delay);
    return {
      close: () => {
        this.#due.delete(entry);
        timer.close();
      },
    };
  }

  /** Timers set and neither fired nor closed. */
  get pending(): number {
    return this.#clock.pending;
  }

  /** Milliseconds to the next timer; `Infinity` without one. */
  get untilNext(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { at } of this.#due) next = Math.min(next, at);
    return next - this.now();
  }

  /** Fires the next timer, and those due with it. */
  next(): void {
    const { untilNext } = this;
    if (Number.isFinite(untilNext)) this.#clock.advance(untilNext);
  }
}

/**
 * Resolves once `state` has not changed for so many turns of the event loop, each a millisecond or more long: all that
 * was on its way over local sockets has then arrived. Real time matters only in so far as the kernel needs some.
 */
export async function quiet(state: () => string, turns: number): Promise<void> {
  let before = state();
  for (let left = turns; left > 0; left--) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    const now = state();
    if (now === before) continue;
    before = now;
    left = turns;
  }
}
