import type { Random } from './clock.js';

/** Draws indices in proportion to their weights, in logarithmic time; an index of weight 0 is never drawn. */
export class WeightedDraw {
  /** The sum of the weights up to and with each index. */
  readonly #sums: Float64Array;

  constructor(weights: readonly number[]) {
    this.#sums = new Float64Array(weights.length);
    let sum = 0;
    for (const [index, weight] of weights.entries()) {
      sum += weight;
      this.#sums[index] = sum;
    }
  }

  /** -1 when no weight is above 0. */
  draw(random: Random): number {
    const sums = this.#sums;
    const total = sums.at(-1) ?? 0;
    if (total <= 0) return -1;
    // A random source that returns 1 gets the last one that has a weight.
    const at = Math.min(random() * total, total * (1 - Number.EPSILON));
    let low = 0;
    let high = sums.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((sums[middle] ?? total) > at) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
