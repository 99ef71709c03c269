import type { Random } from './clock.js';

/** A uniform index below `length`, also for a random source that returns 1. */
export function randomIndex(length: number, random: Random): number {
  return Math.min(Math.floor(random() * length), length - 1);
}

/**
 * The index of the least score; ties are broken uniformly by reservoir sampling.
 * First-index ties would make many clients herd onto the same endpoint. -1 for no finite score.
 */
export function leastIndex(length: number, score: (index: number) => number, random: Random): number {
  let best = -1;
  let least = Number.POSITIVE_INFINITY;
  let ties = 0;
  for (let index = 0; index < length; index++) {
    const value = score(index);
    if (value < least) {
      best = index;
      least = value;
      ties = 1;
    } else if (value === least && best !== -1) {
      ties++;
      if (random() * ties < 1) best = index;
    }
  }
  return best;
}

/** The index of the greatest score, ties as in `leastIndex`. -1 for no finite score. */
export function greatestIndex(scores: readonly number[], random: Random): number {
  return leastIndex(scores.length, (index) => -(scores[index] ?? Number.NaN), random);
}

/** An index drawn in proportion to its weight; an index of weight 0 never is. -1 when no weight is above 0. */
export function weightedIndex(length: number, weight: (index: number) => number, random: Random): number {
  let total = 0;
  for (let index = 0; index < length; index++) total += weight(index);
  let left = random() * total;
  let last = -1;
  for (let index = 0; index < length; index++) {
    const share = weight(index);
    if (!(share > 0)) continue;
    // Where rounding, or a random source that returns 1, leaves something over, the last one has it.
    last = index;
    left -= share;
    if (left < 0) break;
  }
  return last;
}
