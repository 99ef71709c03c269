import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Access, authenticate, authorize } from './access.js';
import { type ApiPath, discoveryDocument, parseApiPath } from './api-path.js';
import { groupVersion, type KubeObject } from './kinds.js';
import { labelSelector } from './label-selector.js';
import { namespaceOf, ObjectStore } from './object-store.js';
import { serveObject } from './resource-requests.js';
import { StatusError } from './status.js';
import { WatchRegistry } from './watch-registry.js';
import type { WatchTerms } from './watch-stream.js';

/** A request for a resource, as an audit log has it. */
export interface ApiRequest {
  /** `list`, `watch`, `get`, `create`, `update`, `patch`, `delete` */
  readonly verb: string;
  /** `pods`, `deployments/scale` */
  readonly resource: string;
  readonly query: URLSearchParams;
  readonly authorization: string | undefined;
  /** The status of the answer; `undefined` until there is one. */
  readonly code: number | undefined;
}

const VERBS: Readonly<Record<string, string>> = {
  GET: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** From requests to the store and back. */
export class ApiService {
  readonly store = new ObjectStore();
  readonly watches: WatchRegistry;
  readonly requests: ApiRequest[] = [];
  readonly access: Access;
  /** What every request for a resource gets for as long as it is set. */
  refusal: StatusError | undefined;
  readonly #moved: () => void;

  constructor(access: Access, moved: () => void) {
    this.access = access;
    this.#moved = moved;
    this.watches = new WatchRegistry(this.store, moved);
  }

  async accept(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A client that leaves in the middle of its body is not answered.
    const body = await request.toArray().catch(() => undefined);
    if (body === undefined) return;
    try {
      this.#serve(request, response, Buffer.concat(body).toString());
    } catch (error) {
      const problem =
        error instanceof StatusError ? error : new StatusError(400, 'BadRequest', String(error));
      send(response, problem.code, problem.body);
    }
    this.#moved();
  }

  #serve(request: IncomingMessage, response: ServerResponse, body: string): void {
    const { pathname, searchParams: query } = new URL(request.url ?? '/', 'http://fake');
    const { authorization, accept = '', 'content-type': contentType = '' } = request.headers;
    const path = parseApiPath(pathname);
    const document = discoveryDocument(pathname);
    if (path === undefined && document === undefined)
      throw new StatusError(404, 'NotFound', 'the server could not find the requested resource');
    const verb = path === undefined ? '' : verbOf(request.method ?? '', path, query);
    if (path !== undefined) this.#note(response, { verb, resource: resourceOf(path), query, authorization });
    authenticate(this.access, authorization);
    if (path === undefined) return send(response, 200, document);
    authorize(this.access, verb, path);
    if (this.refusal !== undefined) throw this.refusal;
    if (verb === 'watch') return this.watches.begin(response, termsOf(path, query, accept), query);
    if (verb === 'list') return send(response, 200, this.#list(path, query, accept));
    const { code, object } = serveObject(this.store, { verb, path, contentType, body });
    send(response, code, object);
  }

  #note(response: ServerResponse, request: Omit<ApiRequest, 'code'>): void {
    this.requests.push({
      ...request,
      get code() {
        return response.headersSent ? response.statusCode : undefined;
      },
    });
  }

  #list(path: ApiPath, query: URLSearchParams, accept: string): object {
    const { sees, shape } = termsOf(path, query, accept);
    const partial = asMetadata(accept);
    return {
      kind: partial ? 'PartialObjectMetadataList' : `${path.kind.kind}List`,
      apiVersion: partial ? 'meta.k8s.io/v1' : groupVersion(path.kind),
      metadata: { resourceVersion: String(this.store.revision) },
      items: this.store.list(path.kind, path.namespace).filter(sees).map(shape),
    };
  }
}

function verbOf(method: string, { name }: ApiPath, query: URLSearchParams): string {
  const watch = query.get('watch');
  if (method === 'GET' && name === undefined) return watch === 'true' || watch === '1' ? 'watch' : 'list';
  return VERBS[method] ?? method.toLowerCase();
}

function resourceOf({ kind, subresource }: ApiPath): string {
  return subresource === undefined ? kind.plural : `${kind.plural}/${subresource}`;
}

function termsOf(path: ApiPath, query: URLSearchParams, accept: string): WatchTerms {
  const selects = labelSelector(query.get('labelSelector') ?? '');
  const [, field, value] = /^metadata\.(name|namespace)==?(.*)$/.exec(query.get('fieldSelector') ?? '') ?? [];
  return {
    path,
    sees: (object) =>
      (path.namespace === undefined || namespaceOf(object) === path.namespace) &&
      (field === undefined || object.metadata[field] === value) &&
      selects(object.metadata.labels ?? {}),
    shape: asMetadata(accept) ? metadataOnly : (object) => object,
    bookmarks: query.get('allowWatchBookmarks') === 'true',
  };
}

function asMetadata(accept: string): boolean {
  return accept.includes('as=PartialObjectMetadata');
}

function metadataOnly({ metadata }: KubeObject): object {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata };
}

function send(response: ServerResponse, code: number, body: unknown): void {
  response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
