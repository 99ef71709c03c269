import type { KubernetesObject } from './object-watch.js';

/** One pod, or other address, behind a Service. */
export interface KubernetesReplica {
  /** The service it belongs to. */
  readonly service: string;
  /** Name of the pod; `undefined` when the address is that of something else. */
  readonly pod: string | undefined;
  /** IPv4, IPv6, or a host name. */
  readonly address: string;
  /** Where it listens. */
  readonly port: number;
  /** Of its node, as the slice says. */
  readonly zone: string | undefined;
  /** Where it runs. */
  readonly node: string | undefined;
  /** Those of the Service, as its EndpointSlices carry them; over them, with `pods`, those of the pod. */
  readonly labels: Readonly<Record<string, string>>;
  /** Those of the EndpointSlice; over them, with `pods`, those of the pod. */
  readonly annotations: Readonly<Record<string, string>>;
  /** What the port speaks, where the Service says so: `https`. */
  readonly appProtocol: string | undefined;
}

/** discovery.k8s.io/v1. Lists may be null, and every condition may be missing. */
export interface EndpointSlice extends KubernetesObject {
  readonly addressType?: string;
  readonly ports?: readonly SlicePort[] | null;
  readonly endpoints?: readonly SliceEndpoint[] | null;
}

interface SlicePort {
  readonly name?: string | null;
  readonly port?: number | null;
  readonly appProtocol?: string | null;
}

interface SliceEndpoint {
  readonly addresses: readonly string[];
  readonly conditions?: {
    readonly ready?: boolean;
    readonly serving?: boolean;
    readonly terminating?: boolean;
  };
  readonly targetRef?: { readonly kind?: string; readonly name?: string };
  readonly nodeName?: string;
  readonly zone?: string;
}

export interface ReplicaQuestion {
  /** The port's name or number; `undefined`: the only one, or the one named `http`. */
  readonly port: string | number | undefined;
  /** Metadata of the pods by name, where they are watched. */
  readonly pods: ReadonlyMap<string, KubernetesObject> | undefined;
}

/** The label by which a slice names its Service. */
export const SERVICE_NAME = 'kubernetes.io/service-name';

/**
 * The replicas that take requests, each once, in the order of their names.
 *
 * A replica may stand in several slices: for a moment while it is moved between two, and for good in the IPv4 and
 * the IPv6 slice of a dual-stack Service. Any slice that says no wins; of two addresses the IPv4 one is taken.
 *
 * @throws Error when it is not clear which port is meant, or none of the slices has it
 */
export function listReplicas(
  slices: Iterable<EndpointSlice>,
  { port, pods }: ReplicaQuestion,
): readonly KubernetesReplica[] {
  const found = new Map<string, KubernetesReplica | undefined>();
  const inOrder = [...slices].sort(
    (one, other) => compare(family(one), family(other)) || compare(one.metadata.name, other.metadata.name),
  );
  // A Service without pods has a slice that names neither endpoints nor ports.
  const inUse = inOrder.filter(({ endpoints }) => endpoints?.length);
  const ports = inUse.map((slice) => choosePort(slice, port));
  if (inUse.length > 0 && ports.every((chosen) => chosen === undefined)) throw noSuchPort(inUse, port);
  for (const [index, slice] of inUse.entries()) {
    const chosen = ports[index];
    // A Service that changes its ports has slices with and without this one for a while.
    if (chosen === undefined) continue;
    for (const endpoint of slice.endpoints ?? []) {
      const address = endpoint.addresses[0];
      if (address === undefined) continue;
      const { port: number, appProtocol } = chosen;
      const replica = { address, port: number, appProtocol, ...describe(slice, endpoint, pods) };
      const key = `${replica.pod ?? address}:${replica.port}`;
      if (!takesRequests(endpoint)) found.set(key, undefined);
      else if (!found.has(key)) found.set(key, replica);
    }
  }
  return [...found]
    .sort(([one], [other]) => compare(one, other))
    .flatMap(([, replica]) => (replica === undefined ? [] : [replica]));
}

/**
 * Ready, or not known not to be. `serving` counts as well because a Service with `publishNotReadyAddresses` calls
 * everything ready. A terminating replica finishes what it has and gets nothing new.
 */
function takesRequests({ conditions }: SliceEndpoint): boolean {
  const { ready = true, serving = true, terminating = false } = conditions ?? {};
  return ready && serving && !terminating;
}

function describe(
  { metadata }: EndpointSlice,
  { targetRef, zone, nodeName }: SliceEndpoint,
  pods: ReplicaQuestion['pods'],
) {
  const pod = targetRef?.kind === 'Pod' ? targetRef.name : undefined;
  const own = pod === undefined ? undefined : pods?.get(pod)?.metadata;
  return {
    service: metadata.labels?.[SERVICE_NAME] ?? '',
    pod,
    zone,
    node: nodeName,
    labels: { ...metadata.labels, ...own?.labels },
    annotations: { ...metadata.annotations, ...own?.annotations },
  };
}

/** A number is taken as it is: pods listen there whether or not the Service says so. */
function choosePort(
  { ports }: EndpointSlice,
  wanted: string | number | undefined,
): Pick<KubernetesReplica, 'port' | 'appProtocol'> | undefined {
  const known = (ports ?? []).flatMap(({ name, port, appProtocol }) =>
    typeof port === 'number' ? [{ name: name ?? '', port, appProtocol: appProtocol ?? undefined }] : [],
  );
  if (typeof wanted === 'number') {
    return known.find(({ port }) => port === wanted) ?? { port: wanted, appProtocol: undefined };
  }
  if (wanted === undefined && known.length === 1) return known[0];
  return known.find(({ name }) => name === (wanted ?? 'http'));
}

function noSuchPort(slices: readonly EndpointSlice[], wanted: string | number | undefined): Error {
  const names = new Set(
    slices.flatMap(({ ports }) => (ports ?? []).map(({ name, port }) => name || `${port}`)),
  );
  const known = `the Service has the ports: ${[...names].join(', ') || 'none'}`;
  return new Error(
    wanted === undefined ? `say by \`port\` which is meant; ${known}` : `no port ${wanted}; ${known}`,
  );
}

function family({ addressType }: EndpointSlice): string {
  return addressType ?? 'IPv4';
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
