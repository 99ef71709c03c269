/** Any object of the API. */
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: KubeMetadata;
  readonly [field: string]: unknown;
}

export interface KubeMetadata {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly [field: string]: unknown;
}

/** A resource type, as discovery describes it. */
export interface Kind {
  /** `''` is the core group, which lives under `/api`. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly scale?: true;
  /** An update must say which version it changes. */
  readonly conditionalUpdate?: true;
}

export const KINDS: readonly Kind[] = [
  { group: '', version: 'v1', kind: 'Pod', plural: 'pods' },
  { group: 'discovery.k8s.io', version: 'v1', kind: 'EndpointSlice', plural: 'endpointslices' },
  { group: 'apps', version: 'v1', kind: 'Deployment', plural: 'deployments', scale: true },
  { group: 'apps', version: 'v1', kind: 'StatefulSet', plural: 'statefulsets', scale: true },
  {
    group: 'autoscaling',
    version: 'v2',
    kind: 'HorizontalPodAutoscaler',
    plural: 'horizontalpodautoscalers',
  },
  {
    group: 'coordination.k8s.io',
    version: 'v1',
    kind: 'Lease',
    plural: 'leases',
    conditionalUpdate: true,
  },
];

export function groupVersion({ group, version }: Pick<Kind, 'group' | 'version'>): string {
  return group === '' ? version : `${group}/${version}`;
}

/** The kind of an object that is given to the store. */
export function kindOf(object: KubeObject): Kind {
  const found = KINDS.find((kind) => kind.kind === object.kind && groupVersion(kind) === object.apiVersion);
  if (found === undefined) throw new Error(`The fake has no ${object.apiVersion} ${object.kind}`);
  return found;
}
