/** `spec` of a Lease (`coordination.k8s.io/v1`). */
export interface LeaseSpec {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

/** As far as the election looks at it. */
export interface LeaseRecord {
  readonly metadata?: { readonly resourceVersion?: string };
  readonly spec?: LeaseSpec;
}

export function leaseObject(
  { name, namespace }: { readonly name: string; readonly namespace: string },
  spec: LeaseSpec,
  resourceVersion?: string,
) {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name, namespace, ...(resourceVersion === undefined ? {} : { resourceVersion }) },
    spec,
  };
}

/** The spec of a holder that takes or keeps the lease. */
export function heldBy(
  identity: string,
  before: LeaseSpec | undefined,
  { wallTime, lease }: { readonly wallTime: number; readonly lease: number },
): LeaseSpec {
  const now = microTime(wallTime);
  const stays = before?.holderIdentity === identity;
  return {
    holderIdentity: identity,
    leaseDurationSeconds: Math.ceil(lease / 1000),
    acquireTime: stays ? (before.acquireTime ?? now) : now,
    renewTime: now,
    leaseTransitions: (before?.leaseTransitions ?? 0) + (stays || before === undefined ? 0 : 1),
  };
}

/** Kubernetes' MicroTime: six digits after the second. A wall clock that is no time gives the epoch: only people read it. */
function microTime(wallTime: number): string {
  const date = new Date(Math.abs(wallTime) <= 8.64e15 ? wallTime : 0);
  return date.toISOString().replace('Z', '000Z');
}
