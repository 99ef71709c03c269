/**
 * An oracle: sees every replica's true queue, cache and speed, and the true length of the answer. Least wins:
 *
 *     time until the first token, as the replica's own step model has it
 *   + 0.02 x what the answer's tokens will take there
 *
 * The second term is what the request costs those that come later; without it a fast replica is wasted on short ones.
 */
import type { SelectionPolicy } from 'evenkeel';
import type { SimulatedReplica, SimulatedWorld, TraceRequest } from 'evenkeel/simulation';
import { least } from '../rivals/least.js';

export function firstTokenOracle(world: SimulatedWorld, decodeWeight = 0.02): SelectionPolicy {
  return {
    name: 'oracle: first token',
    select(candidates, { headers }, context) {
      const request = world.requestOf(headers);
      const cost = (replica: SimulatedReplica) =>
        firstTokenIn(replica, request) + decodeWeight * request.output * decodeStep(replica);
      return least(candidates, ({ id }) => cost(world.replica(id)), context?.random);
    },
  };
}

/** Milliseconds until a request that came now would have its first token. */
export function firstTokenIn(replica: SimulatedReplica, { prompt, output, blocks }: TraceRequest): number {
  const { kvTokens, slots, stepTokens, costs } = replica.model;
  if (prompt + output > kvTokens) return Number.POSITIVE_INFINITY;
  const { slowdown, remaining } = replica;
  const ahead = replica.pendingPrefill + Math.max(1, prompt - replica.cachedTokens(blocks));
  const budget = Math.max(1, stepTokens - replica.running);
  const rest = costs.fixed + replica.context * costs.contextToken + replica.running * costs.sequence;
  const full = Math.floor(ahead / budget);
  const last = ahead - full * budget;
  const prefill =
    full * (rest + Math.max(costs.weights, budget * costs.prefillToken)) +
    (last > 0 ? rest + Math.max(costs.weights, last * costs.prefillToken) : 0);
  return slowdown * (prefill + roomIn(replica, remaining, slots, prompt + output));
}

/** Milliseconds until there is a slot and room in the cache, were nothing but decoding to be done. */
function roomIn(
  replica: SimulatedReplica,
  remaining: readonly number[],
  slots: number,
  tokens: number,
): number {
  const step = decodeStep(replica) / replica.slowdown;
  const sorted = [...remaining].sort((one, other) => one - other);
  const tooMany = sorted.length + 1 - slots;
  const forSlot = tooMany > 0 ? (sorted[tooMany - 1] ?? 0) : 0;
  const free = (1 - replica.kvUsage) * replica.model.kvTokens - replica.waitingTokens;
  if (free >= tokens) return forSlot * step;
  const each = (replica.kvUsage * replica.model.kvTokens) / Math.max(1, replica.running);
  const leave = Math.min(sorted.length, Math.ceil((tokens - free) / Math.max(1, each)));
  return Math.max(forSlot, sorted[leave - 1] ?? 0) * step;
}

/** Milliseconds of one step that only decodes. */
function decodeStep({ model, context, running, slowdown }: SimulatedReplica): number {
  const { fixed, weights, contextToken, sequence } = model.costs;
  return slowdown * (fixed + weights + context * contextToken + running * sequence);
}
