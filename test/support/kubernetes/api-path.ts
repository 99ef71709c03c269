import { groupVersion, KINDS, type Kind } from './kinds.js';

/** What a path stands for. */
export interface ApiPath {
  readonly kind: Kind;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

const PATH =
  /^\/(?:api|apis\/(?<group>[^/]+))\/(?<version>[^/]+)(?:\/namespaces\/(?<namespace>[^/]+))?\/(?<plural>[^/]+)(?:\/(?<name>[^/]+)(?:\/(?<subresource>[^/]+))?)?$/;

export function parseApiPath(path: string): ApiPath | undefined {
  const { group = '', version, plural, namespace, name, subresource } = PATH.exec(path)?.groups ?? {};
  const kind = KINDS.find(
    (candidate) => candidate.group === group && candidate.version === version && candidate.plural === plural,
  );
  return kind === undefined ? undefined : { kind, namespace, name, subresource };
}

/** The pages by which clients such as kubectl find out what there is. */
export function discoveryDocument(path: string): object | undefined {
  if (path === '/version') return { major: '1', minor: '32', gitVersion: 'v1.32.4' };
  if (path === '/api') return { kind: 'APIVersions', versions: ['v1'] };
  if (path === '/apis') return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups() };
  const [, version] = /^\/apis?\/(.+)$/.exec(path) ?? [];
  const kinds = KINDS.filter((kind) => groupVersion(kind) === version);
  if (kinds.length === 0) return undefined;
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: version,
    resources: kinds.flatMap(resources),
  };
}

function groups(): object[] {
  const versions = new Map(
    KINDS.filter(({ group }) => group !== '').map(({ group, version }) => [group, version]),
  );
  return [...versions].map(([name, version]) => {
    const entry = { groupVersion: `${name}/${version}`, version };
    return { name, versions: [entry], preferredVersion: entry };
  });
}

function resources({ plural, kind, scale }: Kind): object[] {
  const verbs = ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'];
  const resource = { name: plural, singularName: kind.toLowerCase(), namespaced: true, kind, verbs };
  if (!scale) return [resource];
  const scaling = { group: 'autoscaling', version: 'v1', kind: 'Scale', verbs: ['get', 'patch', 'update'] };
  return [resource, { name: `${plural}/scale`, singularName: '', namespaced: true, ...scaling }];
}
