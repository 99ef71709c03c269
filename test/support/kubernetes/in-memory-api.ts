import type { KubernetesApi, KubernetesRequest } from '../../../src/transport/kubernetes-api.js';
import { KubernetesApiError } from '../../../src/transport/kubernetes-api-error.js';
import { parseApiPath } from './api-path.js';
import { groupVersion } from './kinds.js';
import { ObjectStore } from './object-store.js';
import { serveObject } from './resource-requests.js';
import { StatusError } from './status.js';

const VERBS = { GET: 'get', POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' } as const;

/** The store of the fake API server without its sockets, for tests in virtual time. */
export class InMemoryKubernetes {
  readonly store = new ObjectStore();
  /** Every call so far: `GET /apis/…`. */
  readonly calls: string[] = [];

  /** An API over the store, as one process sees it. */
  connect(): InMemoryApi {
    return new InMemoryApi(this);
  }
}

export class InMemoryApi implements KubernetesApi {
  readonly #kubernetes: InMemoryKubernetes;
  /** While set, this process cannot reach the API. */
  down = false;

  constructor(kubernetes: InMemoryKubernetes) {
    this.#kubernetes = kubernetes;
  }

  async namespace(): Promise<string> {
    return 'default';
  }

  async request({ method = 'GET', path: address, body }: KubernetesRequest): Promise<unknown> {
    const { store, calls } = this.#kubernetes;
    calls.push(`${method} ${address}`);
    if (this.down) throw new KubernetesApiError(`${method} ${address} had no answer: cut off`, {});
    const path = parseApiPath(address);
    if (path === undefined) throw new KubernetesApiError('not found', { status: 404 });
    if (method === 'GET' && path.name === undefined)
      return {
        kind: `${path.kind.kind}List`,
        apiVersion: groupVersion(path.kind),
        items: store.list(path.kind, path.namespace),
      };
    const contentType = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    try {
      return serveObject(store, {
        verb: VERBS[method],
        path,
        contentType,
        body: JSON.stringify(body ?? null),
      }).object;
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      throw new KubernetesApiError(`${method} ${address}: ${error.message}`, { status: error.code });
    }
  }

  async watch(): Promise<AsyncIterable<unknown>> {
    throw new Error('There are no watches in memory');
  }

  async close(): Promise<void> {}
}
