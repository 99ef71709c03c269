import type { EndpointConfig } from '../../core/endpoint.js';
import type { KubernetesReplica } from './replicas.js';

/** What an endpoint has beside its url. */
export type EndpointFields = Omit<EndpointConfig, 'url' | 'id'>;

export interface EndpointTerms {
  /** Default: what the port speaks, `http` when that is not said. */
  readonly protocol: 'http' | 'https' | undefined;
  readonly path: string;
  /** Stands above labels and annotations. `undefined` leaves the replica out. */
  readonly endpoint: (replica: KubernetesReplica) => EndpointFields | undefined;
  /** Hears of labels and annotations that cannot be used. */
  readonly problem: (message: string) => void;
}

const ZONE = 'topology.kubernetes.io/zone';
const NODE = 'kubernetes.io/hostname';

/** The endpoint of a replica: `pod:port`, with what its labels and annotations say and what the code adds. */
export function endpointOf(replica: KubernetesReplica, terms: EndpointTerms): EndpointConfig | undefined {
  const fields = terms.endpoint(replica);
  if (fields === undefined) return undefined;
  const { address, port, pod, zone, node, appProtocol } = replica;
  const host = address.includes(':') ? `[${address}]` : address;
  const protocol = terms.protocol ?? (appProtocol === 'https' ? 'https' : 'http');
  return {
    ...readFields(replica, terms.problem),
    ...fields,
    url: `${protocol}://${host}:${port}${terms.path}`,
    id: `${pod ?? host}:${port}`,
    labels: {
      ...replica.labels,
      ...(zone === undefined ? {} : { [ZONE]: zone }),
      ...(node === undefined ? {} : { [NODE]: node }),
      ...fields.labels,
    },
  };
}

/** What labels and annotations say. Annotations come first: a label cannot hold a `/` or a list. */
function readFields(
  { labels, annotations, pod, address }: KubernetesReplica,
  problem: EndpointTerms['problem'],
): EndpointFields {
  const text = (key: string) => annotations[key] ?? labels[key];
  const number = (key: string, rule: string, fits: (value: number) => boolean) => {
    const given = text(key);
    if (given === undefined) return undefined;
    // Decimals alone: `Number` would take an empty text for 0, and 0x10.
    const value = /^\d+(\.\d+)?$/.test(given) ? Number(given) : Number.NaN;
    if (fits(value)) return value;
    problem(`${key} of ${pod ?? address} must be ${rule}; got ${JSON.stringify(given)}`);
    return undefined;
  };
  const boolean = (key: string) => {
    const given = text(key);
    if (given === 'true' || given === 'false') return given === 'true';
    if (given !== undefined)
      problem(`${key} of ${pod ?? address} must be true or false; got ${JSON.stringify(given)}`);
    return undefined;
  };
  const models = (text('evenkeel/models') ?? '').split(',').map((model) => model.trim());
  return {
    weight: number('evenkeel/weight', 'a number, at least 0', Number.isFinite),
    tier: number('evenkeel/tier', 'an integer, at least 0', Number.isInteger),
    maxOutstanding: number('evenkeel/max-outstanding', 'an integer, at least 1', (value) => {
      return Number.isInteger(value) && value >= 1;
    }),
    standby: boolean('evenkeel/standby'),
    models: models.every((model) => model === '') ? undefined : models.filter((model) => model !== ''),
  };
}
