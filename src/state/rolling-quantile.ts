/** Samples remembered; at an even spread the 95th percentile then rests on a dozen of them. */
const SIZE = 256;
/** New samples after which the quantile is worked out again. */
const STEP = 16;

/** A quantile of the latest samples. `undefined` until there are enough of them to tell. */
export class RollingQuantile {
  readonly #quantile: number;
  readonly #least: number;
  readonly #samples: number[] = [];
  #next = 0;
  #fresh = 0;
  #value: number | undefined;

  /**
   * @param quantile in (0, 1)
   * @param least samples below which there is no value
   */
  constructor(quantile: number, least: number) {
    this.#quantile = quantile;
    this.#least = least;
  }

  get value(): number | undefined {
    return this.#value;
  }

  add(sample: number): void {
    this.#samples[this.#next] = sample;
    this.#next = (this.#next + 1) % SIZE;
    this.#fresh++;
    if (this.#samples.length < this.#least || (this.#value !== undefined && this.#fresh < STEP)) return;
    this.#fresh = 0;
    const sorted = [...this.#samples].sort((one, other) => one - other);
    this.#value = sorted[Math.min(sorted.length - 1, Math.ceil(this.#quantile * sorted.length) - 1)];
  }
}
