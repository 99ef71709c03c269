/**
 * Chooses at random, in proportion to weight x slow start.
 *
 * Weights 3, 1 and 1 get 60, 20 and 20 % of the requests, in no order.
 *
 * Needs nothing, remembers nothing. Not for LLM traffic in earnest: it sees neither load nor latency, so long
 * requests pile up by chance. It is the yardstick for other policies, and of use for splitting traffic by share.
 */
import { effectiveWeight } from '../core/endpoint.js';
import type { SelectionPolicy } from '../core/policy.js';
import { weightedIndex } from '../core/random-pick.js';
import { systemSelection } from '../system.js';

/** A random endpoint, by weight. `explain` gives each one's probability. */
export function weightedRandom(): SelectionPolicy {
  return {
    name: 'weighted-random',
    select(candidates, _request, { random } = systemSelection) {
      const weightAt = (index: number) => {
        const endpoint = candidates[index];
        return endpoint === undefined ? 0 : effectiveWeight(endpoint);
      };
      return candidates[weightedIndex(candidates.length, weightAt, random)];
    },
    explain(candidates) {
      const total = candidates.reduce((sum, endpoint) => sum + effectiveWeight(endpoint), 0);
      return candidates.map((endpoint) => ({
        endpoint: endpoint.id,
        score: total > 0 ? effectiveWeight(endpoint) / total : 0,
      }));
    },
  };
}
