/**
 * Chooses each endpoint in turn, heavier ones more often and evenly in between: nginx's smooth weighted round robin.
 *
 * Every pick adds each candidate's weight to its credit, takes the one with the most credit, and subtracts from it
 * the sum of the weights. Weights 2, 1, 1, credits after adding: (2 1 1) takes A; (0 2 2) takes B or C, say B;
 * (2 -1 3) takes C; (4 0 0) takes A; all credits are 0 again. A came twice, and never twice in a row but at the seam.
 *
 * Needs nothing; remembers one number for each endpoint. Ties are random, so that many processes that start
 * together do not all begin with the same endpoint.
 * Not where requests differ in length, as LLM requests do: it keeps feeding an endpoint that has fallen behind.
 */
import { type EndpointView, effectiveWeight } from '../core/endpoint.js';
import type { SelectionPolicy } from '../core/policy.js';
import { greatestIndex } from '../core/random-pick.js';
import { systemSelection } from '../system.js';

/** Smooth weighted round robin. `explain` gives the credit each candidate would stand at; the highest goes next. */
export function roundRobin(): SelectionPolicy {
  // Keyed by view: two balancers may share the policy, and a removed endpoint takes its credit along.
  const credits = new WeakMap<EndpointView, number>();
  const creditAfterAdding = (endpoint: EndpointView) => {
    const weight = effectiveWeight(endpoint);
    return weight > 0 ? (credits.get(endpoint) ?? 0) + weight : Number.NEGATIVE_INFINITY;
  };
  return {
    name: 'round-robin',
    select(candidates, _request, { random } = systemSelection) {
      let total = 0;
      const standings = candidates.map((endpoint) => {
        total += effectiveWeight(endpoint);
        return creditAfterAdding(endpoint);
      });
      const chosen = greatestIndex(standings, random);
      candidates.forEach((endpoint, index) => {
        const credit = standings[index];
        if (credit !== undefined && Number.isFinite(credit))
          credits.set(endpoint, index === chosen ? credit - total : credit);
      });
      return candidates[chosen];
    },
    explain: (candidates) =>
      candidates.map((endpoint) => ({ endpoint: endpoint.id, score: creditAfterAdding(endpoint) })),
  };
}
