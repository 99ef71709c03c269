import type { DiscoveryListener } from '../../core/discovery.js';
import type { EndpointConfig } from '../../core/endpoint.js';
import { DiscoveryError } from '../../errors.js';
import type { KubernetesApi } from '../../transport/kubernetes-api.js';
import { type KubernetesObject, ObjectWatch, type ObjectWatchTerms } from './object-watch.js';
import { type EndpointTerms, endpointOf } from './replica-endpoint.js';
import { type EndpointSlice, listReplicas, SERVICE_NAME } from './replicas.js';

export interface ServiceWatchTerms
  extends Omit<EndpointTerms, 'problem'>,
    Pick<ObjectWatchTerms, 'clock' | 'random' | 'watchTimeout' | 'retry' | 'maxRetry'> {
  /** Of the source, for messages. */
  readonly name: string;
  readonly services: readonly string[];
  readonly port: string | number | undefined;
  /** Label selector of the pods; without it none are watched. */
  readonly pods: string | undefined;
}

type WatchedResource = Pick<ObjectWatchTerms, 'path' | 'labelSelector' | 'metadataOnly'>;
type Objects = ReadonlyMap<string, KubernetesObject>;

/** One watcher of a source: follows slices, and pods where it is asked to, and tells the endpoints that come of them. */
export class ServiceWatch {
  readonly #api: KubernetesApi;
  readonly #terms: ServiceWatchTerms;
  readonly #listener: DiscoveryListener;
  readonly #abort = new AbortController();
  readonly #running: Promise<unknown>;
  #slices: Objects | undefined;
  #pods: Objects | undefined;
  /** The list told last, as text. */
  #told: string | undefined;
  /** What is wrong with the objects as they are, so that it is said once. */
  #problems: ReadonlySet<string> = new Set();
  #stopped: Promise<void> | undefined;

  constructor(api: KubernetesApi, terms: ServiceWatchTerms, listener: DiscoveryListener) {
    this.#api = api;
    this.#terms = terms;
    this.#listener = listener;
    this.#running = this.#run();
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#abort.abort();
    await this.#running;
    await this.#api.close();
  }

  async #run(): Promise<void> {
    const { services, pods } = this.#terms;
    const namespace = `namespaces/${await this.#api.namespace()}`;
    const path = `/apis/discovery.k8s.io/v1/${namespace}/endpointslices`;
    const labelSelector = `${SERVICE_NAME} in (${services.join(',')})`;
    const ofSlices = this.#watch({ path, labelSelector, metadataOnly: false }, (objects) => {
      this.#slices = objects;
    });
    if (pods === undefined) return ofSlices;
    const ofPods = { path: `/api/v1/${namespace}/pods`, labelSelector: pods, metadataOnly: true };
    await Promise.all([
      ofSlices,
      this.#watch(ofPods, (objects) => {
        this.#pods = objects;
      }),
    ]);
  }

  #watch(resource: WatchedResource, keep: (objects: Objects) => void): Promise<void> {
    const terms = { ...this.#terms, ...resource, api: this.#api };
    const watch = new ObjectWatch(terms, {
      changed: (objects) => {
        keep(objects);
        this.#changed();
      },
      failed: (error) => this.#failed(error),
    });
    return watch.run(this.#abort.signal);
  }

  /** Tells the list if it is another. The first waits for the pods, lest all begin with a weight that is not theirs. */
  #changed(): void {
    if (this.#slices === undefined || (this.#terms.pods !== undefined && this.#pods === undefined)) return;
    const problems = new Set<string>();
    const endpoints = this.#endpoints(this.#slices, (problem) => problems.add(problem));
    const known = this.#problems;
    this.#problems = problems;
    for (const problem of problems) if (!known.has(problem)) this.#failed(new Error(problem));
    const text = JSON.stringify(endpoints);
    if (endpoints === undefined || text === this.#told) return;
    this.#told = text;
    this.#listener.update(endpoints);
  }

  /** `undefined` when there is no telling: the last list stays. */
  #endpoints(slices: Objects, problem: (message: string) => void): readonly EndpointConfig[] | undefined {
    const { port } = this.#terms;
    try {
      const replicas = listReplicas(slices.values() as Iterable<EndpointSlice>, { port, pods: this.#pods });
      return replicas.flatMap((replica) => endpointOf(replica, { ...this.#terms, problem }) ?? []);
    } catch (error) {
      problem(error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }

  #failed(error: Error): void {
    this.#listener.failed(new DiscoveryError(this.#terms.name, error.message, { cause: error }));
  }
}
