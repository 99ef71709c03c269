/**
 * A time-aware moving average: a sample's weight falls by 1/e every `decay` ms, however many samples come.
 * `undefined` until the first sample; unknown is never zero.
 */
export class Ewma {
  #value: number | undefined;
  #at = 0;
  readonly #decay: number;

  constructor(decay: number) {
    this.#decay = decay;
  }

  get value(): number | undefined {
    return this.#value;
  }

  /** Adds a sample taken at monotonic time `now`. */
  add(sample: number, now: number): void {
    if (!Number.isFinite(sample)) return;
    if (this.#value === undefined) {
      this.#value = sample;
    } else {
      const keep = Math.exp(-Math.max(0, now - this.#at) / this.#decay);
      this.#value = this.#value * keep + sample * (1 - keep);
    }
    this.#at = now;
  }
}
