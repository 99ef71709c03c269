import type { InferenceRequest } from '../core/inference-request.js';
import type { SampleRule } from '../core/policy.js';
import type { WeightedDraw } from '../core/weighted-draw.js';
import { type AvailabilityTerms, standingOf } from './availability.js';
import type { EndpointState } from './endpoint-state.js';

/** Draws for each candidate wanted, before all endpoints are looked at after all. */
const PATIENCE = 16;

/**
 * Draws some of the endpoints that could take a request, in proportion to weight x slow start, without looking at
 * the others: who draws an endpoint that cannot take it, or one that is still ramping up and out of luck, draws again.
 *
 * @param endpoints of one tier
 * @param draw over the weights of these endpoints
 * @returns that many different ones; `undefined` when too few were found
 */
export function drawCandidates(
  { endpoints, draw }: { readonly endpoints: readonly EndpointState[]; readonly draw: WeightedDraw },
  { request, rule }: { readonly request: InferenceRequest; readonly rule: SampleRule },
  terms: AvailabilityTerms,
): readonly EndpointState[] | undefined {
  const drawn: EndpointState[] = [];
  for (let tries = PATIENCE * rule.size; tries > 0; tries--) {
    const endpoint = endpoints[draw.draw(terms.random)];
    if (endpoint === undefined) return undefined;
    if (drawn.includes(endpoint) || standingOf(endpoint, request, terms) !== 'fresh') continue;
    const { slowStart } = endpoint;
    if (slowStart < 1 && terms.random() >= slowStart) continue;
    drawn.push(endpoint);
    if (drawn.length === rule.size) return drawn;
  }
  return undefined;
}
