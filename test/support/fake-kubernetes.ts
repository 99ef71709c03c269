import { Listener } from '../../src/testing/mock/listener.js';
import type { Access } from './kubernetes/access.js';
import { type ApiRequest, ApiService } from './kubernetes/api-service.js';
import { KINDS, type Kind, type KubeObject } from './kubernetes/kinds.js';
import { StatusError, status } from './kubernetes/status.js';
import type { WatchStream } from './kubernetes/watch-stream.js';
import { Waiters } from './waiters.js';

export type { PolicyRule } from './kubernetes/access.js';
export type { ApiRequest } from './kubernetes/api-service.js';
export type { KubeObject } from './kubernetes/kinds.js';

/**
 * A Kubernetes API server in memory, on 127.0.0.1: list, watch and writes of a few kinds, scale, discovery.
 * It does what it is told and nothing by itself: no controller runs, and bookmarks are sent by call.
 */
export class FakeKubernetes implements AsyncDisposable {
  readonly #service: ApiService;
  readonly #listener: Listener;
  readonly #waiters = new Waiters();
  #connections = 0;

  static async start(access: Partial<Access> = {}): Promise<FakeKubernetes> {
    const fake = new FakeKubernetes({ tokens: access.tokens, rules: access.rules });
    await fake.#listener.open();
    return fake;
  }

  private constructor(access: Access) {
    this.#service = new ApiService(access, () => this.#moved());
    this.#listener = new Listener(0, 5_000, {
      request: (request, response) => void this.#service.accept(request, response),
      connections: (change) => {
        this.#connections += change;
        this.#moved();
      },
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get port(): number {
    return this.#listener.port;
  }

  /** Open ones, at rest or in use. */
  get connections(): number {
    return this.#connections;
  }

  /** Who may ask, and for what; may be changed. */
  get access(): Access {
    return this.#service.access;
  }

  /** Requests for resources so far, oldest first. */
  get requests(): readonly ApiRequest[] {
    return this.#service.requests;
  }

  /** Watches under way, of one resource or of all. */
  watches(plural?: string): readonly WatchStream[] {
    const open = [...this.#service.watches.open];
    return open.filter(({ terms }) => plural === undefined || terms.path.kind.plural === plural);
  }

  /** Creates an object, or makes it be this. */
  apply(object: KubeObject): KubeObject {
    return this.#service.store.apply(object);
  }

  /** @throws StatusError when there is none */
  get(plural: string, name: string, namespace = 'default'): KubeObject {
    return this.#service.store.get(kindNamed(plural), namespace, name);
  }

  delete(plural: string, name: string, namespace = 'default'): void {
    this.#service.store.delete(kindNamed(plural), namespace, name);
  }

  /** Tells every watch that asked for bookmarks how far it is. */
  bookmark(): void {
    for (const watch of this.watches()) watch.bookmark(this.#service.store.revision);
  }

  /** Ends every watch in the orderly way. */
  endWatches(): void {
    for (const watch of this.watches()) watch.end();
  }

  /** Breaks every watch off: between two events, or in the middle of one. */
  cutWatches(where: 'between' | 'inside' = 'between'): void {
    for (const watch of this.watches()) {
      if (where === 'inside') watch.cutInsideEvent();
      else watch.cut();
    }
  }

  /** Sends every watch an ERROR event and ends it. */
  failWatches(code: number, reason: string): void {
    for (const watch of this.watches()) watch.fail(status(code, reason, `the watch failed: ${reason}`));
  }

  /** Versions known so far are no longer good to watch from, and that is said by 410 as the answer, or in an ERROR event. */
  forgetVersions(gone: 'status' | 'event'): void {
    this.#service.watches.gone = gone;
    this.#service.store.compact();
  }

  /** Refuses every request for a resource, until called without a code. */
  refuse(code?: number, reason = 'InternalError'): void {
    this.#service.refusal =
      code === undefined ? undefined : new StatusError(code, reason, `refused: ${reason}`);
  }

  /** Breaks all connections off and refuses new ones, until `restart`. */
  async stop(): Promise<void> {
    const closed = this.#listener.close();
    this.#listener.destroySockets();
    await closed;
  }

  /** Listens again on the same port. */
  restart(): Promise<void> {
    return this.#listener.open();
  }

  /** Resolves once `holds`, asked now and whenever a request, watch or connection begins or ends. */
  until(holds: () => boolean): Promise<void> {
    return this.#waiters.until(holds);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #moved(): void {
    this.#waiters.moved();
  }
}

function kindNamed(plural: string): Kind {
  const kind = KINDS.find((candidate) => candidate.plural === plural);
  if (kind === undefined) throw new Error(`The fake has no ${plural}`);
  return kind;
}
