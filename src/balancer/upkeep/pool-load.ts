import type { EndpointState } from '../../state/endpoint-state.js';

/** How busy those are that a reserve could relieve. */
export interface PoolLoad {
  /** Requests outstanding and queued. */
  readonly demand: number;
  /** Places of those that take requests, or are about to. */
  readonly capacity: number;
  /** Endpoints that should take requests and do not: their breaker is not closed. */
  readonly down: number;
  /** Reserves that are at work, or on the way. */
  readonly active: number;
}

export interface PoolSituation {
  readonly members: readonly EndpointState[];
  /** True for reserves, at work or not. */
  isReserve(endpoint: EndpointState): boolean;
  /** Requests waiting, by model; `''` for those that name none. */
  readonly queued: Readonly<Record<string, number>>;
}

/**
 * The load of the endpoints that share a model with a reserve, in its own tier and below.
 *
 * @param without left out of the count, as if it were on standby
 */
export function loadAround(
  reserve: EndpointState,
  { members, isReserve, queued }: PoolSituation,
  without?: EndpointState,
): PoolLoad {
  let demand = 0;
  let capacity = 0;
  let down = 0;
  let active = 0;
  for (const [model, count] of Object.entries(queued)) {
    if (model === '' || reserve.servedModel(model) !== undefined) demand += count;
  }
  for (const member of members) {
    // Higher tiers take what the lower ones cannot: a hosted API without limits must not keep reserves asleep.
    if (member.weight === 0 || member.tier > reserve.tier || !shareModel(reserve, member)) continue;
    demand += member.outstanding;
    if (member === without) continue;
    const { phase } = member;
    const own = isReserve(member);
    // A reserve on its way counts: waiting for it is no reason to activate another.
    if (own && (phase === 'ready' || phase === 'warming')) active++;
    if (phase === 'ready' && member.breaker.state !== 'closed') {
      down++;
      continue;
    }
    if ((phase === 'ready' && !member.coolingOff) || (own && phase === 'warming')) {
      capacity += member.maxOutstanding;
    }
  }
  return { demand, capacity, down, active };
}

/** Some request could go to both. An endpoint without a list of models takes them all. */
function shareModel(one: EndpointState, other: EndpointState): boolean {
  const { models } = one;
  const others = other.models;
  if (models === undefined || others === undefined) return true;
  for (const model of models.keys()) if (others.has(model)) return true;
  return false;
}

/** Why a reserve is needed; `undefined` when it is not. */
export function needFor(
  { demand, capacity, down, active }: PoolLoad,
  threshold: number,
): 'saturated' | 'down' | undefined {
  // One for one: a reserve stands in for an endpoint that is down.
  if (down > active) return 'down';
  if (capacity === 0 ? demand > 0 : demand >= threshold * capacity) return 'saturated';
  return undefined;
}
