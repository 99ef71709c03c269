import type { Clock, Timer } from '../../core/clock.js';

/** One timer for many that are due at times of their own: it is set for whoever is first. */
export class DueTimer {
  readonly #clock: Clock;
  readonly #due: () => void;
  #timer: Timer | undefined;
  #at = Number.POSITIVE_INFINITY;

  /** @param due called when the first one is due; it sets the timer anew */
  constructor(clock: Clock, due: () => void) {
    this.#clock = clock;
    this.#due = due;
  }

  /** @param waiting whoever is due at some time of the clock; nobody: no timer */
  set(waiting: Iterable<{ readonly due: number }>): void {
    let first = Number.POSITIVE_INFINITY;
    for (const { due } of waiting) first = Math.min(first, due);
    if (first === this.#at) return;
    this.#timer?.close();
    this.#at = first;
    this.#timer =
      first === Number.POSITIVE_INFINITY
        ? undefined
        : this.#clock.setTimer(() => this.#fire(), Math.ceil(Math.max(0, first - this.#clock.now())));
    // A balancer that was never closed must not keep the process alive.
    this.#timer?.unref?.();
  }

  #fire(): void {
    this.#at = Number.POSITIVE_INFINITY;
    this.#due();
  }
}
