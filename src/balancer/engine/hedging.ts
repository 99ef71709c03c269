import type { Clock } from '../../core/clock.js';
import type { HedgeOptions } from '../../retries/hedge-options.js';
import { RetryBudget } from '../../retries/retry-budget.js';
import { RollingQuantile } from '../../state/rolling-quantile.js';

/** Deposits are good for as long as those of the retry budget. */
const WINDOW = 60_000;

/** What a balancer knows about hedging: how long is slow, and how many hedges it can still afford. */
export class Hedging {
  readonly #options: HedgeOptions;
  readonly #budget: RetryBudget;
  readonly #firstToken: RollingQuantile;
  readonly #response: RollingQuantile;

  constructor(options: HedgeOptions, clock: Clock) {
    this.#options = options;
    const { quantile, minimumRequests, ratio } = options;
    this.#firstToken = new RollingQuantile(quantile, minimumRequests);
    this.#response = new RollingQuantile(quantile, minimumRequests);
    // Without a floor: a balancer with little traffic hedges little. One at a time may always run.
    this.#budget = new RetryBudget({ ratio, minConcurrent: 1, reserve: 0, window: WINDOW, max: 100 }, clock);
  }

  /** Milliseconds after which an attempt is slow; `undefined` while nobody can tell. */
  delay(streaming: boolean): number | undefined {
    const usual = (streaming ? this.#firstToken : this.#response).value;
    return usual === undefined ? undefined : Math.max(usual, this.#options.minDelay);
  }

  /** An endpoint has begun to answer. */
  note(elapsed: number, streamed: boolean): void {
    (streamed ? this.#firstToken : this.#response).add(elapsed);
  }

  requestStarted(): void {
    this.#budget.requestStarted();
  }

  requestEnded(): void {
    this.#budget.requestEnded();
  }

  /** Both budgets must allow it; a refusal costs neither. */
  tryStart(retries: RetryBudget | undefined): boolean {
    if (this.#budget.balance < 1 || (retries !== undefined && !retries.tryWithdraw(1))) return false;
    if (this.#budget.tryWithdraw(1)) return true;
    retries?.refund(1);
    return false;
  }

  ended(retries: RetryBudget | undefined): void {
    this.#budget.retryEnded();
    retries?.retryEnded();
  }
}
