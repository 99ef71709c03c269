import type { Outcome } from '../core/outcome.js';

/** The two ends of an attempt, each reached once: what it says of the endpoint, and that nothing is left to do. */
export class Settlement {
  readonly #onSettled: (outcome: Outcome) => void;
  #closed = false;
  #afterClose: (() => void) | undefined;
  /** `undefined` until settled. */
  outcome: Outcome | undefined;

  constructor(onSettled: (outcome: Outcome) => void) {
    this.#onSettled = onSettled;
  }

  settle(outcome: Outcome): void {
    if (this.outcome !== undefined) return;
    this.outcome = outcome;
    this.#onSettled(outcome);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#afterClose?.();
  }

  /** Calls back once nothing is left to do: now, or when the answer is over. */
  afterClose(callback: () => void): void {
    if (this.#closed) callback();
    else this.#afterClose = callback;
  }
}
