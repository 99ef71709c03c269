import type { Clock } from '../core/clock.js';

/** How many retries a pool may make, however many requests fail. */
export interface RetryBudgetOptions {
  /** Retries per request that the pool can afford, over time and at any moment. Default 0.2. May exceed 1. */
  readonly ratio: number;
  /** Retries that may always be under way at once. Default 3 (Envoy). */
  readonly minConcurrent: number;
  /** Retries per `window` that need no requests to pay for them. Default 10. */
  readonly reserve: number;
  /** How long a request's deposit can be spent, in ms. Default 60 000. */
  readonly window: number;
  /** Most tokens at any time, the reserve included. Default 100. */
  readonly max: number;
}

/** Tokens are kept as whole millionths: ten deposits of 0.1 must buy exactly one retry. */
const TOKEN = 1_000_000;
const SLICES = 10;

/**
 * Two gates, both must open. The first is Envoy's: retries under way < max(minConcurrent, ratio x requests under
 * way). The second is Finagle's token bucket: each request deposits `ratio`, each retry withdraws its cost, and
 * both are forgotten after `window`; `reserve` comes on top.
 *
 * With the defaults and 40 requests under way: 8 retries at once; 100 requests a minute buy 20 retries, 10 more
 * are free. The window and the small reserve suit the low request rates of LLMs: Finagle's 10 a second would be
 * 100 free retries for a client that makes one request a second.
 */
export class RetryBudget {
  readonly #options: RetryBudgetOptions;
  readonly #clock: Clock;
  readonly #deposit: number;
  /** Tokens of each tenth of the window, the latest at `#slice`; nothing counts as 0. */
  readonly #slices: number[] = [];
  readonly #sliceLength: number;
  #slice = 0;
  #sliceStart: number;
  #sum = 0;
  #requests = 0;
  #retries = 0;

  constructor(options: RetryBudgetOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    this.#deposit = Math.round(options.ratio * TOKEN);
    this.#sliceLength = options.window / SLICES;
    this.#sliceStart = clock.now();
  }

  /** Tokens that can be withdrawn now. */
  get balance(): number {
    return Math.max(0, this.#tokens()) / TOKEN;
  }

  /** A first attempt begins: it pays into the bucket and counts as under way until `requestEnded`. */
  requestStarted(): void {
    this.#requests++;
    const room = Math.round(this.#options.max * TOKEN) - this.#tokens();
    this.#add(Math.min(this.#deposit, room));
  }

  requestEnded(): void {
    this.#requests = Math.max(0, this.#requests - 1);
  }

  /**
   * Asks to retry. When granted, the tokens are gone and the retry counts as under way until `retryEnded`.
   *
   * @param cost 1, or less for one that costs the servers less; 0 is always granted
   */
  tryWithdraw(cost: number): boolean {
    const price = Math.round(cost * TOKEN);
    if (price > 0) {
      const { minConcurrent } = this.#options;
      if (this.#retries * TOKEN >= Math.max(minConcurrent * TOKEN, this.#deposit * this.#requests))
        return false;
      if (this.#tokens() < price) return false;
      this.#add(-price);
    }
    this.#retries++;
    return true;
  }

  /** The retry has settled, or its answer has begun and it is an ordinary request from here on. */
  retryEnded(): void {
    this.#retries = Math.max(0, this.#retries - 1);
  }

  /** A retry that was granted and not made. */
  refund(cost: number): void {
    this.#add(Math.round(cost * TOKEN));
    this.retryEnded();
  }

  /**
   * May be negative for a while: deposits can expire before the withdrawals that they paid for. And where
   * withdrawals expire before deposits the sum may exceed the maximum, which is then cut off here.
   */
  #tokens(): number {
    this.#expire();
    const { reserve, max } = this.#options;
    return Math.min(Math.round(max * TOKEN), Math.round(reserve * TOKEN) + this.#sum);
  }

  #add(tokens: number): void {
    this.#slices[this.#slice] = (this.#slices[this.#slice] ?? 0) + tokens;
    this.#sum += tokens;
  }

  #expire(): void {
    const passed = Math.floor((this.#clock.now() - this.#sliceStart) / this.#sliceLength);
    if (passed <= 0) return;
    this.#sliceStart += passed * this.#sliceLength;
    for (let turn = Math.min(passed, SLICES); turn > 0; turn--) {
      this.#slice = (this.#slice + 1) % SLICES;
      this.#sum -= this.#slices[this.#slice] ?? 0;
      this.#slices[this.#slice] = 0;
    }
  }
}
