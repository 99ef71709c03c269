/**
 * An oracle: sees what every replica has still to do, and how fast it is. The one wins that would be done with
 * everything, this request included, first: prompt tokens at the true prefill rate, and tokens of answers at their
 * share of a step in a batch as it is now.
 */
import type { SelectionPolicy } from 'evenkeel';
import type { SimulatedReplica, SimulatedWorld, TraceRequest } from 'evenkeel/simulation';
import { least } from '../rivals/least.js';

export function workOracle(world: SimulatedWorld): SelectionPolicy {
  return {
    name: 'oracle: least work',
    select(candidates, { headers }, context) {
      const request = world.requestOf(headers);
      return least(candidates, ({ id }) => doneIn(world.replica(id), request), context?.random);
    },
  };
}

function doneIn(replica: SimulatedReplica, { prompt, output, blocks }: TraceRequest): number {
  const { costs, kvTokens } = replica.model;
  if (prompt + output > kvTokens) return Number.POSITIVE_INFINITY;
  const prefill = replica.pendingPrefill + Math.max(1, prompt - replica.cachedTokens(blocks));
  const tokens = replica.remaining.reduce((sum, left) => sum + left, output);
  const sequences = replica.running + replica.waiting + 1;
  const step = costs.fixed + costs.weights + replica.context * costs.contextToken;
  return replica.slowdown * (prefill * costs.prefillToken + (tokens * step) / sequences);
}
