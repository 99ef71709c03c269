import { manualClock } from 'evenkeel/testing';
import type { Clock, Timer } from '../../../src/core/clock.js';

interface Due {
  readonly at: number;
  readonly servers: boolean;
}

/** A balancer's clock that goes from one timer to the next, and its servers' with it; their sockets are real. */
export class VirtualTime implements Clock {
  readonly #clock = manualClock();
  readonly #due = new Set<Due>();
  /** The same time, for the servers. */
  readonly servers: Clock = {
    now: () => this.now(),
    wallTime: () => this.wallTime(),
    setTimer: (callback, delay) => this.#set(callback, delay, true),
  };

  now(): number {
    return this.#clock.now();
  }

  wallTime(): number {
    return this.#clock.wallTime();
  }

  setTimer(callback: () => void, delay: number): Timer {
    return this.#set(callback, delay, false);
  }

  /** Timers set and neither fired nor closed. */
  get pending(): number {
    return this.#clock.pending;
  }

  /** The next timer: in how many milliseconds, and whether it is one of the servers. */
  get upcoming(): { readonly wait: number; readonly servers: boolean } | undefined {
    let first: Due | undefined;
    for (const due of this.#due) if (first === undefined || due.at < first.at) first = due;
    return first && { wait: first.at - this.now(), servers: first.servers };
  }

  /** Fires the next timer, and those due with it. */
  next(): void {
    const { upcoming } = this;
    if (upcoming !== undefined) this.#clock.advance(upcoming.wait);
  }

  #set(callback: () => void, delay: number, servers: boolean): Timer {
    const entry = { at: this.now() + Math.max(0, delay || 0), servers };
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
