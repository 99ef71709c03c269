/**
 * Takes the highest score; ties are broken uniformly at random. What `scored` does by itself.
 *
 * Scores 0.7, 0.9, 0.9: the second or the third, each half the time.
 *
 * Not for scores from figures polled now and then: until the next poll every request goes to the same endpoint.
 * Add the `outstanding` scorer, which moves with each pick, or take `randomByScore`.
 */
import { greatestIndex } from '../core/random-pick.js';
import type { Picker } from '../core/scoring.js';

/** Takes the highest score; ties at random. */
export function maxScore(): Picker {
  return {
    name: 'max-score',
    pick: (_candidates, scores, random) => greatestIndex(scores, random),
  };
}
