import type { TargetState } from '../core/scaling.js';
import type { EndpointSnapshot } from '../core/snapshot.js';

/** The fleet as the balancer sees it. */
export interface SeenReplicas {
  /** Those that serve, or would if they were not full or cooling off. */
  readonly ready: number;
  /** Those that join and are not ready yet. */
  readonly warming: number;
  /** Those that could take a request now: whose silence proves that little is asked for. */
  readonly available: number;
}

export function seenReplicas(
  endpoints: readonly EndpointSnapshot[],
  isReplica: (endpoint: EndpointSnapshot) => boolean,
): SeenReplicas {
  const members = endpoints.filter(
    (endpoint) =>
      isReplica(endpoint) &&
      endpoint.weight > 0 &&
      endpoint.state !== 'draining' &&
      endpoint.state !== 'standby',
  );
  const warming = members.filter(({ state }) => state === 'warming').length;
  return {
    ready: members.length - warming,
    warming,
    available: members.filter(({ available }) => available).length,
  };
}

/** What is there of what was asked for. Replicas that load are among the desired ones, and so are not missing. */
export function replicasOf({ desired, ready }: TargetState, seen: SeenReplicas) {
  const serving = ready ?? seen.ready;
  return { desired, ready: serving, starting: Math.max(0, desired - serving) };
}
