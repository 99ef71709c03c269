/**
 * Chooses the less loaded of two different endpoints, drawn at random in proportion to their weights.
 *
 * Load is (outstanding + 1) / (weight x slow start). Two are drawn, say A with 3 outstanding and weight 2, and B
 * with 1 outstanding and weight 1: (3 + 1) / 2 = 2 against (1 + 1) / 1 = 2, a tie, so the first drawn goes.
 *
 * Needs nothing but the counts. Since the two differ, the strictly busiest endpoint is never chosen.
 * Not for a few endpoints seen by one balancer: `leastOutstanding` looks at all of them at no cost worth naming.
 * Its place is many endpoints, or figures that several balancers share and that are a little old, where a full
 * scan would send everybody to the same endpoint.
 *
 * Mitzenmacher, "The power of two choices in randomized load balancing", 2001.
 */
import { effectiveWeight, loadAfterPick } from '../core/endpoint.js';
import type { SelectionPolicy } from '../core/policy.js';
import { weightedIndex } from '../core/random-pick.js';
import { systemSelection } from '../system.js';

/** Up to so many candidates it is quicker to look at all than to draw until two can take the request. */
const SCAN = 16;

/** The better of two random endpoints. `explain` gives (outstanding + 1) / weight; lower is better. */
export function powerOfTwo(): SelectionPolicy {
  return {
    name: 'power-of-two',
    sample: { above: SCAN, size: 2 },
    select(candidates, _request, { random } = systemSelection) {
      const weightAt = (index: number) => {
        const endpoint = candidates[index];
        return endpoint === undefined ? 0 : effectiveWeight(endpoint);
      };
      const first = weightedIndex(candidates.length, weightAt, random);
      const one = candidates[first];
      const others = (index: number) => (index === first ? 0 : weightAt(index));
      const two = candidates[weightedIndex(candidates.length, others, random)];
      if (one === undefined || two === undefined) return one;
      return loadAfterPick(two) < loadAfterPick(one) ? two : one;
    },
    explain: (candidates) =>
      candidates.map((endpoint) => ({ endpoint: endpoint.id, score: loadAfterPick(endpoint) })),
  };
}
