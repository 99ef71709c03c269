/**
 * Rates endpoints by how few requests they have outstanding for their weight.
 *
 * Rating = least load / load, where load is (outstanding + 1) / (weight x slow start). Loads 2, 4 and 8 rate 1, 0.5
 * and 0.25: the ratio, not the rank, so that 10 against 11 is nearly a draw and 1 against 11 is not.
 *
 * Needs nothing but the counts. Alone it chooses as `leastOutstanding` does; it belongs into every `scored` policy
 * whose other scorers read figures that lag behind, since it alone moves with each pick.
 */
import { loadAfterPick } from '../core/endpoint.js';
import type { Scorer } from '../core/scoring.js';

export function outstanding(): Scorer {
  return {
    name: 'outstanding',
    score(candidates) {
      const loads = candidates.map(loadAfterPick);
      const least = Math.min(...loads);
      return loads.map((load) => (Number.isFinite(load) ? least / load : 0));
    },
  };
}
