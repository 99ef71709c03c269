/**
 * Chooses the endpoint that is likely to give the first token soonest.
 *
 * Least cost x (outstanding + 1) / (weight x slow start) wins. Cost follows the endpoint's moving average of the
 * time to first token (to the answer, for endpoints that have only served answers that do not stream), in ms:
 * 200 ms with 3 outstanding is 200 x 4 = 800, 500 ms with none is 500 x 1 = 500, so the slower, idle one goes.
 *
 * - Peak: a worse average is believed at once, a better one by `1 - e^(-time / decay)`.
 * - Silence: while an average does not move, its cost fades by e every `decay`, down to 1 ms. So an endpoint that
 *   was slow is tried again: at ten times the cost of the others after 2.3 x decay, about 70 s.
 * - No history: an idle endpoint costs nothing and is tried at once; a busy one costs more than any known one.
 *   So a new endpoint is probed by one request at a time until it has answered.
 *
 * The shape is Finagle's, with two changes for LLM servers: time to first token instead of the round trip, which
 * is mostly the length of the answer; and a decay of 30 s instead of 10, since requests are few and long. The
 * averages come from the balancer, already smoothed: one slow request among many moves them only a little.
 *
 * Needs traffic: under about one request a `decay` for each endpoint it knows too little. Not for endpoints whose
 * prompts differ much in length for reasons of routing: the one that gets the long prompts looks slow.
 */
import { type EndpointView, loadAfterPick } from '../core/endpoint.js';
import { numberOption, optionFields } from '../core/option-checks.js';
import type { SelectionPolicy } from '../core/policy.js';
import { leastIndex } from '../core/random-pick.js';
import { systemSelection } from '../system.js';

/** Options of `peakEwma`. */
export interface PeakEwmaOptions {
  /** Milliseconds in which a cost without news falls to 1/e. Above 0, default 30 000. */
  readonly decay?: number;
}

/** What the policy believes of an endpoint. */
interface Belief {
  /** Milliseconds to the first token. */
  readonly cost: number;
  /** The balancer's average when last looked at; a change means news. */
  readonly average: number;
  readonly at: number;
}

/** Differences below this say nothing of a model server; and 0 would hide how many requests are outstanding. */
const LEAST_COST = 1;
/** More than any real latency (a thousand days), and finite, so that counts still tell apart. */
const UNKNOWN_COST = 1e11;

/**
 * Least expected time to first token. `explain` gives the product; lower is better.
 *
 * @throws InvalidOptionError
 */
export function peakEwma(options?: PeakEwmaOptions): SelectionPolicy {
  const fields = optionFields('peakEwma', options, ['decay']);
  const decay = numberOption('peakEwma.decay', fields.decay, 30_000, { above: 0 });
  const beliefs = new WeakMap<EndpointView, Belief>();

  const believe = (endpoint: EndpointView, now: number): Belief | undefined => {
    const average = endpoint.latency.firstToken ?? endpoint.latency.response;
    if (average === undefined) return undefined;
    const before = beliefs.get(endpoint);
    if (before === undefined) return { cost: average, average, at: now };
    const keep = Math.exp(-Math.max(0, now - before.at) / decay);
    if (average === before.average) return { cost: before.cost * keep, average, at: now };
    return { cost: Math.max(average, before.cost * keep + average * (1 - keep)), average, at: now };
  };
  const expected = (endpoint: EndpointView, belief: Belief | undefined): number => {
    if (belief !== undefined) return Math.max(belief.cost, LEAST_COST) * loadAfterPick(endpoint);
    // Weight 0 must stay out, idle or not.
    if (endpoint.outstanding === 0 && Number.isFinite(loadAfterPick(endpoint))) return 0;
    return UNKNOWN_COST * loadAfterPick(endpoint);
  };

  return {
    name: 'peak-ewma',
    select(candidates, _request, context = systemSelection) {
      const now = context.now();
      const costs = candidates.map((endpoint) => {
        const belief = believe(endpoint, now);
        if (belief !== undefined) beliefs.set(endpoint, belief);
        return expected(endpoint, belief);
      });
      return candidates[leastIndex(costs.length, (index) => costs[index] ?? Number.NaN, context.random)];
    },
    explain(candidates, _request, context = systemSelection) {
      const now = context.now();
      return candidates.map((endpoint) => ({
        endpoint: endpoint.id,
        score: expected(endpoint, believe(endpoint, now)),
      }));
    },
  };
}
