import type { FeedQuantiles } from './feed-message.js';

/** Most values kept; what is older goes first. */
const KEPT = 128;

/** The values of the last minute. */
export class RecentValues {
  readonly #window: number;
  #values: { readonly at: number; readonly value: number }[] = [];

  /** @param window milliseconds */
  constructor(window = 60_000) {
    this.#window = window;
  }

  add(value: number, at: number): void {
    if (this.#values.length === KEPT) this.#values.shift();
    this.#values.push({ at, value });
  }

  /** `undefined` when there is none. */
  quantiles(now: number): FeedQuantiles | undefined {
    if (this.#values.length === 0) return undefined;
    this.#values = this.#values.filter(({ at }) => at > now - this.#window);
    const sorted = Float64Array.from(this.#values, ({ value }) => value).sort();
    const [p50, p95] = [0.5, 0.95].map((share) => sorted[Math.ceil(share * sorted.length) - 1]);
    return p50 === undefined || p95 === undefined
      ? undefined
      : { p50: Math.round(p50), p95: Math.round(p95) };
  }
}
