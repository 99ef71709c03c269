import type { Random } from '../core/clock.js';
import type { InferenceRequest } from '../core/inference-request.js';
import { weightedIndex } from '../core/random-pick.js';
import type { EndpointState } from './endpoint-state.js';
import { tierShares } from './tier-shares.js';

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
  /** Some are not ready yet, and there is nobody else: worth waiting for. */
  | { readonly kind: 'warming' }
  /** The endpoints are not known yet: worth waiting for. */
  | { readonly kind: 'undiscovered' }
  /** Breakers are open and failing open is switched off. */
  | { readonly kind: 'open'; readonly soonest: number | undefined }
  | { readonly kind: 'unknown-model' }
  | { readonly kind: 'none' };

export interface AvailabilityTerms {
  readonly now: number;
  readonly random: Random;
  readonly failOpen: boolean;
  /** See `tierShares`. */
  readonly overProvisioning: number;
  /** Ids of the only endpoints to use. */
  readonly only: readonly string[] | undefined;
}

/**
 * Finds the candidates of a request. In order: untried endpoints of one tier, the lowest that has any unless part
 * of it is down (`tierShares`); endpoints tried before; with `failOpen` those that health speaks against, suspects
 * first, then half-open, then open. Suspects are used only when nothing healthy is left; a full endpoint is healthy,
 * so it is waited for. A warming endpoint, or one on standby, is never used.
 *
 * Chance decides among tiers, never whether there are candidates.
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
  let warming = false;
  let soonest = Number.POSITIVE_INFINITY;
  let members = 0;
  let serving = 0;
  let tier = 0;
  let weight = 0;
  let sound = 0;
  for (const endpoint of endpoints) {
    if (endpoint.tier !== tier) {
      if (fresh.length > 0) {
        if (sound * terms.overProvisioning >= weight) break;
        return ready(byShare(endpoints, request, terms));
      }
      tier = endpoint.tier;
      weight = sound = 0;
    }
    const standing = standingOf(endpoint, request, terms);
    if (standing === 'absent') continue;
    members++;
    if (standing === 'unserved') continue;
    serving++;
    // Not asked for anything, so it is no part of what its tier could carry.
    if (standing === 'standby') continue;
    weight += endpoint.weight;
    if (standing === 'warming') warming = true;
    else if (standing === 'cooling-off') soonest = Math.min(soonest, endpoint.cooldown.remaining(terms.now));
    else if (standing === 'doubtful') {
      if (endpoint.outstanding < endpoint.maxOutstanding) doubtful.push(endpoint);
      else doubtfulFull = true;
    } else {
      sound += endpoint.weight;
      if (standing === 'full') full = true;
      else if (standing === 'tried') again.push(endpoint);
      else fresh.push(endpoint);
    }
  }
  if (fresh.length > 0) return ready(fresh);
  if (again.length > 0) return { kind: 'ready', candidates: again, untried: 0 };
  if (full) return { kind: 'full' };
  if (doubtful.length > 0) {
    return terms.failOpen
      ? { kind: 'ready', candidates: leastDoubtful(doubtful), untried: 0 }
      : { kind: 'open', soonest: soonestReopening(doubtful, terms.now) };
  }
  if (doubtfulFull && terms.failOpen) return { kind: 'full' };
  if (soonest !== Number.POSITIVE_INFINITY) return { kind: 'cooling-off', soonest };
  if (warming) return { kind: 'warming' };
  return { kind: members > 0 && serving === 0 ? 'unknown-model' : 'none' };
}

/** What an endpoint is to a request: `tried` and `fresh` could take it. */
type Standing =
  | 'absent'
  | 'unserved'
  | 'standby'
  | 'warming'
  | 'cooling-off'
  | 'doubtful'
  | 'full'
  | 'tried'
  | 'fresh';

export function standingOf(
  endpoint: EndpointState,
  request: InferenceRequest,
  { now, only }: AvailabilityTerms,
): Standing {
  const { phase } = endpoint;
  if (endpoint.weight === 0 || phase === 'draining') return 'absent';
  if (only !== undefined && !only.includes(endpoint.id)) return 'absent';
  if (request.model !== undefined && endpoint.servedModel(request.model) === undefined) return 'unserved';
  if (phase !== 'ready') return phase === 'standby' ? 'standby' : 'warming';
  if (endpoint.cooldown.remaining(now) > 0) return 'cooling-off';
  if (!endpoint.breaker.admits) return 'doubtful';
  if (endpoint.outstanding >= endpoint.maxOutstanding) return 'full';
  return request.tried.includes(endpoint.id) ? 'tried' : 'fresh';
}

/** The untried endpoints of the tier that this request falls to, where a tier is partly down. */
function byShare(
  endpoints: readonly EndpointState[],
  request: InferenceRequest,
  terms: AvailabilityTerms,
): readonly EndpointState[] {
  const tiers: { tier: number; weight: number; sound: number; fresh: EndpointState[] }[] = [];
  for (const endpoint of endpoints) {
    const standing = standingOf(endpoint, request, terms);
    if (standing === 'absent' || standing === 'unserved' || standing === 'standby') continue;
    let last = tiers.at(-1);
    if (last?.tier !== endpoint.tier) {
      last = { tier: endpoint.tier, weight: 0, sound: 0, fresh: [] };
      tiers.push(last);
    }
    last.weight += endpoint.weight;
    if (standing === 'full' || standing === 'tried' || standing === 'fresh') last.sound += endpoint.weight;
    if (standing === 'fresh') last.fresh.push(endpoint);
  }
  const shares = tierShares(tiers, terms.overProvisioning);
  const drawn = tiers[weightedIndex(tiers.length, (index) => shares[index] ?? 0, terms.random)];
  // One that has no room for its share overflows to the first that has some.
  return drawn !== undefined && drawn.fresh.length > 0
    ? drawn.fresh
    : (tiers.find(({ fresh }) => fresh.length > 0)?.fresh ?? []);
}

function ready(fresh: readonly EndpointState[]): Availability {
  return { kind: 'ready', candidates: fresh, untried: fresh.length };
}

const DOUBT = { closed: 0, suspect: 1, 'half-open': 2, open: 3 } as const;

function leastDoubtful(endpoints: readonly EndpointState[]): readonly EndpointState[] {
  // Read once: an open breaker becomes half-open by the clock alone, between two looks as well.
  const doubts = endpoints.map((endpoint) => DOUBT[endpoint.breaker.state]);
  const least = Math.min(...doubts);
  return endpoints.filter((_, index) => doubts[index] === least);
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
