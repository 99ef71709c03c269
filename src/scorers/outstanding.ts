/**
 * Rates endpoints by how few requests they have for their weight: our own, and other clients' where they are known.
 *
 * Rating = least load / load, where load is (requests + 1) / (weight x slow start). Loads 2, 4 and 8 rate 1, 0.5
 * and 0.25: the ratio, not the rank, so that 10 against 11 is nearly a draw and 1 against 11 is not.
 *
 * Needs nothing but the counts. With the `metrics` option on every endpoint, running and waiting requests of other
 * clients count too (what the engine has, less our own when that was read), the less the older the reading.
 * Without it the scorer chooses as `leastOutstanding` does. It belongs into every `scored` policy whose other scorers
 * read figures that lag behind, since it alone moves with each pick.
 */
import { effectiveWeight } from '../core/endpoint.js';
import { totalLoads } from '../core/others-load.js';
import type { Scorer } from '../core/scoring.js';

/** Rates by the requests an endpoint has for its weight: the fewer, the better. */
export function outstanding(): Scorer {
  return {
    name: 'outstanding',
    score(candidates, _request, context) {
      const requests = totalLoads(candidates, context?.now());
      const loads = candidates.map(
        (endpoint, index) => ((requests[index] ?? 0) + 1) / effectiveWeight(endpoint),
      );
      const least = Math.min(...loads);
      return loads.map((load) => (Number.isFinite(load) ? least / load : 0));
    },
  };
}
