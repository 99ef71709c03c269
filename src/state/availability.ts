import type { InferenceRequest } from '../core/inference-request.js';
import type { EndpointState } from './endpoint-state.js';

/** Who can take a request now, or why nobody can. */
export type Availability =
  | {
      readonly kind: 'ready';
      readonly candidates: readonly EndpointState[] /** How many of them are untried. */;
      readonly untried: number;
    }
  /** Endpoints would take it but have no room: worth waiting for. */
  | { readonly kind: 'full' }
  /** All are cooling off; the soonest is back in `soonest` ms. */
  | { readonly kind: 'cooling-off'; readonly soonest: number }
  /** Breakers are open and failing open is switched off. */
  | { readonly kind: 'open'; readonly soonest: number | undefined }
  | { readonly kind: 'unknown-model' }
  | { readonly kind: 'none' };

export interface AvailabilityTerms {
  readonly now: number;
  readonly failOpen: boolean;
  /** Ids of the only endpoints to use. */
  readonly only: readonly string[] | undefined;
}

/**
 * Finds the candidates of a request. In order: untried endpoints of the lowest tier that has any; endpoints
 * tried before; with `failOpen` those that health speaks against, suspects first, then half-open, then open.
 * Suspects are used only when nothing healthy is left; a full endpoint is healthy, so it is waited for.
 *
 * @param endpoints in ascending order of tier
 */
export function findCandidates(
  endpoints: readonly EndpointState[],
  request: InferenceRequest,
  terms: AvailabilityTerms,
): Availability {
  const fresh: EndpointState[] = [];
  const again: EndpointState[] = [];
  const doubtful: EndpointState[] = [];
  let full = false;
  let doubtfulFull = false;
  let named = false;
  let soonest = Number.POSITIVE_INFINITY;
  let members = 0;
  for (const endpoint of endpoints) {
    if (fresh.length > 0 && fresh[0]?.tier !== endpoint.tier) break;
    if (endpoint.weight === 0 || endpoint.draining) continue;
    if (terms.only !== undefined && !terms.only.includes(endpoint.id)) continue;
    members++;
    if (request.model !== undefined && endpoint.servedModel(request.model) === undefined) continue;
    named = true;
    const cooling = endpoint.cooldown.remaining(terms.now);
    if (cooling > 0) soonest = Math.min(soonest, cooling);
    else if (!endpoint.breaker.admits) {
      if (endpoint.outstanding < endpoint.maxOutstanding) doubtful.push(endpoint);
      else doubtfulFull = true;
    } else if (endpoint.outstanding >= endpoint.maxOutstanding) full = true;
    else if (request.tried.includes(endpoint.id)) again.push(endpoint);
    else fresh.push(endpoint);
  }
  if (fresh.length > 0) return { kind: 'ready', candidates: fresh, untried: fresh.length };
  if (again.length > 0) return { kind: 'ready', candidates: again, untried: 0 };
  if (full) return { kind: 'full' };
  if (doubtful.length > 0) {
    return terms.failOpen
      ? { kind: 'ready', candidates: leastDoubtful(doubtful), untried: 0 }
      : { kind: 'open', soonest: soonestReopening(doubtful, terms.now) };
  }
  if (doubtfulFull && terms.failOpen) return { kind: 'full' };
  if (soonest !== Number.POSITIVE_INFINITY) return { kind: 'cooling-off', soonest };
  return { kind: members > 0 && !named ? 'unknown-model' : 'none' };
}

const DOUBT = { closed: 0, suspect: 1, 'half-open': 2, open: 3 } as const;

function leastDoubtful(endpoints: readonly EndpointState[]): readonly EndpointState[] {
  const least = Math.min(...endpoints.map((endpoint) => DOUBT[endpoint.breaker.state]));
  return endpoints.filter((endpoint) => DOUBT[endpoint.breaker.state] === least);
}

function soonestReopening(endpoints: readonly EndpointState[], now: number): number | undefined {
  let soonest: number | undefined;
  for (const { breaker } of endpoints) {
    if (breaker.reopensAt === undefined) continue;
    const wait = Math.max(0, breaker.reopensAt - now);
    if (soonest === undefined || wait < soonest) soonest = wait;
  }
  return soonest;
}
