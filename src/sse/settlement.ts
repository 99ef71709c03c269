import type { Outcome } from '../core/outcome.js';
import type { AttemptResult, TapTerms } from './tap-terms.js';

/**
 * The three moments of an attempt, each reached once: it can be decided on, it says something of its endpoint, and
 * nothing is left to do.
 */
export class Settlement {
  readonly #terms: Pick<TapTerms, 'onSettled'>;
  readonly decided: Promise<AttemptResult>;
  #decide: (result: AttemptResult) => void = () => {};
  #closed = false;
  #afterClose: (() => void) | undefined;
  /** `undefined` until settled. */
  outcome: Outcome | undefined;

  constructor(terms: Pick<TapTerms, 'onSettled'>) {
    this.#terms = terms;
    this.decided = new Promise((resolve) => {
      this.#decide = resolve;
    });
  }

  decide(result: AttemptResult): void {
    this.#decide(result);
  }

  settle(outcome: Outcome): void {
    if (this.outcome !== undefined) return;
    this.outcome = outcome;
    this.#terms.onSettled(outcome);
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
