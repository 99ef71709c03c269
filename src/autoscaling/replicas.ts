import { inService } from '../core/endpoint.js';
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
  const replicas = endpoints.filter(isReplica);
  const serving = replicas.filter(inService);
  return {
    ready: serving.length,
    warming: replicas.filter(({ weight, state }) => weight > 0 && state === 'warming').length,
    available: serving.filter(({ available }) => available).length,
  };
}

/** What is there of what was asked for. Replicas that load are among the desired ones, and so are not missing. */
export function replicasOf({ desired, ready }: TargetState, seen: SeenReplicas) {
  const serving = ready ?? seen.ready;
  return { desired, ready: serving, starting: Math.max(0, desired - serving) };
}
