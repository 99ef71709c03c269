/**
 * Draws at random, in proportion to score^sharpness x weight x slow start.
 *
 * Scores 0.9 and 0.3 of equal weight: 75 and 25 % of the requests; with `sharpness` 2, 90 and 10 %.
 *
 * Spreads requests where many balancers act on the same, slightly old figures and would all follow the best score.
 * Not where one balancer sees fresh counts: it sends a share of the requests to endpoints it knows to be worse.
 */
import { effectiveWeight } from '../core/endpoint.js';
import { numberOption, optionFields } from '../core/option-checks.js';
import { weightedIndex } from '../core/random-pick.js';
import type { Picker } from '../core/scoring.js';

/** Options of `randomByScore`. */
export interface RandomByScoreOptions {
  /** Exponent of the score, above 0: higher favours the best more. Default 1. */
  readonly sharpness?: number;
}

/**
 * Draws at random, in proportion to score^sharpness x weight x slow start.
 *
 * @throws InvalidOptionError
 */
export function randomByScore(options?: RandomByScoreOptions): Picker {
  const fields = optionFields('randomByScore', options, ['sharpness']);
  const sharpness = numberOption('randomByScore.sharpness', fields.sharpness, 1, { above: 0 });
  return {
    name: 'random-by-score',
    pick(candidates, scores, random) {
      const weights = candidates.map((endpoint) => effectiveWeight(endpoint));
      const shares = weights.map((weight, index) => (scores[index] ?? 0) ** sharpness * weight);
      const drawn = weightedIndex(shares.length, (index) => shares[index] ?? 0, random);
      // Every score is 0: that is no reason to refuse.
      return drawn === -1 ? weightedIndex(weights.length, (index) => weights[index] ?? 0, random) : drawn;
    },
  };
}
