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
    } else if (value === least) {
      ties++;
      if (random() * ties < 1) best = index;
    }
  }
  return best;
}
