import type { Clock, Random } from '../core/clock.js';

/** Longest time an endpoint is left alone, in ms, whatever it asked for. */
const LONGEST = 60_000;
/** Upper bound of the first cool-off when the endpoint named no time, in ms. */
const BASE = 1_000;

/**
 * Leaves an overloaded endpoint alone. Overload is no fault: the breaker knows nothing of it.
 *
 * A time that the endpoint named is obeyed to the millisecond. Without one the cool-off is random in
 * [0, 1 s x 2^k), k being the overloads in a row before: 0..1 s, 0..2 s, 0..4 s, … 0..60 s. Full jitter, so
 * that many clients do not come back together.
 */
export class Cooldown {
  readonly #clock: Clock;
  readonly #random: Random;
  #until = Number.NEGATIVE_INFINITY;
  #overloads = 0;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** It was begun once: what remains depends on the time. */
  get begun(): boolean {
    return this.#until !== Number.NEGATIVE_INFINITY;
  }

  /** Milliseconds left at monotonic time `now`; 0 when not cooling off. */
  remaining(now: number): number {
    return Math.max(0, this.#until - now);
  }

  /**
   * The endpoint said that it is overloaded. Never shortens a cool-off that runs already.
   *
   * @param retryAfter milliseconds it asked to be left alone; `undefined` if it did not say
   */
  begin(retryAfter: number | undefined): void {
    const now = this.#clock.now();
    if (retryAfter === undefined) {
      // Answers to requests sent before this cool-off began are the same overload, not a longer one.
      if (this.remaining(now) > 0) return;
      const bound = Math.min(LONGEST, BASE * 2 ** this.#overloads);
      this.#overloads++;
      this.#extend(now + this.#random() * bound);
    } else {
      this.#extend(now + Math.min(LONGEST, Math.max(0, retryAfter)));
    }
  }

  /** A success: the next cool-off without a named time is short again. One that runs is not cut short. */
  recovered(): void {
    this.#overloads = 0;
  }

  #extend(until: number): void {
    this.#until = Math.max(this.#until, until);
  }
}
