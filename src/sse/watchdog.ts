import type { Clock, Timer } from '../core/clock.js';

/** Whoever has a watchdog. */
export interface Watched {
  /** The deadline has passed. */
  onExpired(): void;
}

/**
 * One timer for all clocks of an attempt. Moving the deadline later costs nothing: a timer that fires early
 * is set again. It is never set further away than `horizon`, so that a shorter later clock needs no new timer.
 */
export class Watchdog {
  readonly #clock: Clock;
  readonly #horizon: number;
  readonly #watched: Watched;
  #deadline = Number.POSITIVE_INFINITY;
  #timer: Timer | undefined;
  #firesAt = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, horizon: number, watched: Watched) {
    this.#clock = clock;
    this.#horizon = horizon;
    this.#watched = watched;
  }

  /** Expires at monotonic time `deadline`; `Infinity` never. Replaces the deadline before. */
  expect(deadline: number, now: number): void {
    this.#deadline = deadline;
    if (deadline < this.#firesAt && deadline !== Number.POSITIVE_INFINITY) this.#set(now);
  }

  stop(): void {
    this.#timer?.close();
    this.#timer = undefined;
    this.#deadline = Number.POSITIVE_INFINITY;
    this.#firesAt = Number.POSITIVE_INFINITY;
  }

  #set(now: number): void {
    this.#timer?.close();
    // Node's timers round down and cannot be longer than 2^31 - 1 ms.
    const delay = Math.min(Math.max(0, this.#deadline - now), this.#horizon, 2_147_483_647);
    this.#firesAt = now + delay;
    this.#timer = this.#clock.setTimer(() => this.#fire(), Math.ceil(delay));
  }

  #fire(): void {
    this.#timer = undefined;
    this.#firesAt = Number.POSITIVE_INFINITY;
    const now = this.#clock.now();
    if (now >= this.#deadline) this.#watched.onExpired();
    else if (this.#deadline !== Number.POSITIVE_INFINITY) this.#set(now);
  }
}
