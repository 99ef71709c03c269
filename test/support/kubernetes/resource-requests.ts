import type { ApiPath } from './api-path.js';
import type { KubeObject } from './kinds.js';
import { mergePatch } from './merge-patch.js';
import { namespaceOf, type ObjectStore } from './object-store.js';
import { rescaled, scaleOf } from './scale.js';
import { StatusError } from './status.js';

/** A request for one object, or to make one. */
export interface ObjectRequest {
  readonly verb: string;
  readonly path: ApiPath;
  readonly contentType: string;
  readonly body: string;
}

const PATCHES = ['application/merge-patch+json', 'application/strategic-merge-patch+json'];

/** Serves get, create, update, patch and delete, of objects and of their scale. */
export function serveObject(
  store: ObjectStore,
  request: ObjectRequest,
): { code: number; object: KubeObject } {
  const { verb, path } = request;
  const { kind, namespace = 'default', name = '' } = path;
  if (verb === 'create') return { code: 201, object: store.create(kind, sent(request)) };
  if (path.subresource !== undefined) return { code: 200, object: serveScale(store, request) };
  if (verb === 'get') return { code: 200, object: store.get(kind, namespace, name) };
  if (verb === 'delete') return { code: 200, object: store.delete(kind, namespace, name) };
  const object = verb === 'patch' ? patched(store.get(kind, namespace, name), request) : sent(request);
  return { code: 200, object: store.replace(kind, object) };
}

function serveScale(store: ObjectStore, request: ObjectRequest): KubeObject {
  const { kind, namespace = 'default', name = '', subresource } = request.path;
  if (!kind.scale || subresource !== 'scale')
    throw new StatusError(404, 'NotFound', 'the server could not find the requested resource');
  const workload = store.get(kind, namespace, name);
  if (request.verb === 'get') return scaleOf(workload);
  const scale = request.verb === 'patch' ? patched(scaleOf(workload), request) : sent(request);
  return scaleOf(store.replace(kind, rescaled(kind, workload, scale)));
}

/** The object of the body, which must be the one of the path. */
function sent({ path, body }: ObjectRequest): KubeObject {
  const object = JSON.parse(body) as KubeObject;
  const namespace = path.namespace ?? 'default';
  const fits = path.name === undefined || object.metadata.name === path.name;
  if (!fits || namespaceOf({ ...object, metadata: { namespace, ...object.metadata } }) !== namespace)
    throw new StatusError(400, 'BadRequest', 'the name of the object does not match the name on the URL');
  return { ...object, metadata: { ...object.metadata, namespace } };
}

/** Without a resourceVersion of its own, a patch applies to whatever is there. */
function patched(object: KubeObject, { contentType, body }: ObjectRequest): KubeObject {
  if (!PATCHES.includes(contentType))
    throw new StatusError(
      415,
      'UnsupportedMediaType',
      `the body of the request was in an unknown format: ${contentType}`,
    );
  return mergePatch(object, JSON.parse(body)) as KubeObject;
}
