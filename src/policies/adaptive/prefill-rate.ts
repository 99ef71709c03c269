/** Samples kept. */
const WINDOW = 32;
/** The share of the samples, by their weight, that lies below the rate: whatever holds a prompt up makes a sample lower. */
const QUANTILE = 0.7;
/** Prompt tokens at which a sample weighs half as much as one can: of short prompts most of the time is not prefill. */
const HALF_WEIGHT = 500;
/** Milliseconds in which a sample's weight falls to 1/e: a GPU may be throttled, or cooled again. */
const MEMORY = 60_000;

interface Sample {
  readonly rate: number;
  readonly weight: number;
  readonly at: number;
}

/**
 * How many prompt tokens a ms an endpoint works off. A sample is the tokens that stood before a first token, its own
 * prompt included, over the time to it.
 */
export class PrefillRate {
  readonly #samples: Sample[] = [];
  #next = 0;
  #value: number | undefined;
  #at = Number.NEGATIVE_INFINITY;

  /** Tokens a ms; `undefined` until the first sample. */
  get value(): number | undefined {
    return this.#value;
  }

  /** When the last sample came. */
  get at(): number {
    return this.#at;
  }

  add(tokens: number, elapsed: number, now: number): void {
    if (!(tokens > 0 && elapsed > 0)) return;
    this.#samples[this.#next] = { rate: tokens / elapsed, weight: tokens / (tokens + HALF_WEIGHT), at: now };
    this.#next = (this.#next + 1) % WINDOW;
    this.#at = now;
    this.#value = this.#quantile(now);
  }

  #quantile(now: number): number | undefined {
    const sorted = this.#samples
      .map(({ rate, weight, at }) => ({ rate, weight: weight * Math.exp((at - now) / MEMORY) }))
      .sort((one, other) => one.rate - other.rate);
    let left = 0;
    for (const { weight } of sorted) left += QUANTILE * weight;
    for (const { rate, weight } of sorted) {
      left -= weight;
      if (left <= 0) return rate;
    }
    return sorted.at(-1)?.rate;
  }
}
