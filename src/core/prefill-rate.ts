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
  /** From the slowest to the fastest. */
  readonly #sorted: Sample[] = [];
  /** From the oldest to the latest. */
  readonly #inOrder: Sample[] = [];
  #value: number | undefined;

  /** Tokens a ms; `undefined` until the first sample. */
  get value(): number | undefined {
    return this.#value;
  }

  /** When the last sample came. */
  get at(): number {
    return this.#inOrder.at(-1)?.at ?? Number.NEGATIVE_INFINITY;
  }

  add(tokens: number, elapsed: number, now: number): void {
    if (!(tokens > 0 && elapsed > 0)) return;
    const sample = { rate: tokens / elapsed, weight: tokens / (tokens + HALF_WEIGHT), at: now };
    const oldest = this.#inOrder.length < WINDOW ? undefined : this.#inOrder.shift();
    if (oldest !== undefined) this.#sorted.splice(this.#sorted.indexOf(oldest), 1);
    this.#inOrder.push(sample);
    let index = this.#sorted.length;
    while (index > 0 && (this.#sorted[index - 1]?.rate ?? 0) > sample.rate) index--;
    this.#sorted.splice(index, 0, sample);
    this.#value = this.#quantile(now);
  }

  #quantile(now: number): number {
    const weights = this.#sorted.map(({ weight, at }) => weight * Math.exp((at - now) / MEMORY));
    let left = QUANTILE * weights.reduce((sum, weight) => sum + weight, 0);
    let index = 0;
    while (index < weights.length - 1) {
      left -= weights[index] ?? 0;
      if (left <= 0) break;
      index++;
    }
    return this.#sorted[index]?.rate ?? Number.NaN;
  }
}
