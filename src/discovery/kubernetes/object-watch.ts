import type { Clock, Random } from '../../core/clock.js';
import type { KubernetesApi, KubernetesRequest } from '../../transport/kubernetes-api.js';
import { KubernetesApiError } from '../../transport/kubernetes-api-error.js';
import { pause } from './pause.js';

/** What every object of the API has. */
export interface KubernetesObject {
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

/** A list as it was at a version, or a change that led to one. */
interface Versioned {
  readonly metadata: { readonly resourceVersion: string };
}

export interface ObjectWatchTerms {
  readonly api: KubernetesApi;
  readonly clock: Clock;
  readonly random: Random;
  /** Of the resource: `/api/v1/namespaces/default/pods`. */
  readonly path: string;
  readonly labelSelector: string;
  /** Names and labels alone, for objects that are large. */
  readonly metadataOnly: boolean;
  /** Longest watch in ms. */
  readonly watchTimeout: number;
  /** First wait after a failure in ms, and the longest. */
  readonly retry: number;
  readonly maxRetry: number;
}

export interface ObjectListener {
  /** All objects by name, as they are now. */
  changed(objects: ReadonlyMap<string, KubernetesObject>): void;
  failed(error: Error): void;
}

/** A watch that ended sooner than this, in ms, and told nothing: what ended it may well end the next one too. */
const SHORT = 1_000;
/** How long after its time a watch that says nothing is taken for dead, in ms. */
const LATENESS = 10_000;
const GONE = 410;

/**
 * Follows the objects of one resource in the way that Kubernetes asks of its clients: a list, a watch from the list's
 * version, and after its end another from the last version seen. A version that the API refuses (410, as the answer
 * or as an event: it has forgotten what happened since) leads to another list; until that has come the objects stay
 * as they were. https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 */
export class ObjectWatch {
  readonly #terms: ObjectWatchTerms;
  readonly #listener: ObjectListener;
  readonly #objects = new Map<string, KubernetesObject>();
  #version: string | undefined;
  /** Of the last round: whether it had to list, whether the API took up its watch, and whether that came to anything. */
  #listed = false;
  #accepted = false;
  #fruitful = false;

  constructor(terms: ObjectWatchTerms, listener: ObjectListener) {
    this.#terms = terms;
    this.#listener = listener;
  }

  /** Never rejects; resolves after the signal. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random, retry, maxRetry } = this.#terms;
    let failures = 0;
    while (!signal.aborted) {
      const error = await this.#follow(signal).then(nothing, asError);
      if (signal.aborted) return;
      if (this.#fruitful) failures = 0;
      if (error === undefined) continue;
      const status = error instanceof KubernetesApiError ? error.status : undefined;
      // Whatever it is that the API has against this version, a list has none.
      if (status !== undefined) this.#version = undefined;
      if (!this.#isUsual(status, failures)) this.#listener.failed(error);
      // Random, so that clients which an API server has lost together do not come back together.
      const wait = Math.min(maxRetry, retry * 2 ** failures++) * (0.5 + 0.5 * random());
      await pause(clock, wait, signal);
    }
  }

  /** No news: versions are forgotten, but not the one just listed; watches break off, but not again and again. */
  #isUsual(status: number | undefined, failures: number): boolean {
    if (status === GONE) return this.#fruitful || !this.#listed;
    return status === undefined && this.#accepted && failures === 0;
  }

  /** One watch, after a list where one is needed. Resolves when it has run its time. */
  async #follow(signal: AbortSignal): Promise<void> {
    const { api, clock, random, watchTimeout } = this.#terms;
    this.#listed = this.#version === undefined;
    this.#accepted = false;
    this.#fruitful = false;
    const resourceVersion = this.#version ?? (await this.#list(signal));
    const length = watchTimeout * (0.75 + 0.25 * random());
    const timeoutSeconds = String(Math.ceil(length / 1_000));
    const query = { resourceVersion, timeoutSeconds, allowWatchBookmarks: 'true' };
    const events = await api.watch(this.#call('PartialObjectMetadata', signal, query), length + LATENESS);
    this.#accepted = true;
    const begun = clock.now();
    try {
      for await (const event of events) {
        this.#apply(event);
        this.#fruitful = true;
      }
    } finally {
      this.#fruitful ||= clock.now() - begun >= SHORT;
    }
    if (!this.#fruitful) throw new Error(`The watch of ${this.#terms.path} ended as soon as it had begun`);
  }

  async #list(signal: AbortSignal): Promise<string> {
    const answer = await this.#terms.api.request(this.#call('PartialObjectMetadataList', signal));
    const list = answer as Versioned & { readonly items: readonly KubernetesObject[] | null };
    this.#objects.clear();
    for (const object of list.items ?? []) this.#objects.set(object.metadata.name, object);
    this.#version = list.metadata.resourceVersion;
    this.#listener.changed(this.#objects);
    return this.#version;
  }

  #apply(event: unknown): void {
    const { type, object } = event as {
      readonly type: string;
      readonly object: KubernetesObject & Versioned;
    };
    if (type === 'ERROR') throw asRefusal(this.#terms.path, object);
    this.#version = object.metadata.resourceVersion;
    if (type === 'BOOKMARK') return;
    if (type === 'DELETED') this.#objects.delete(object.metadata.name);
    else this.#objects.set(object.metadata.name, object);
    this.#listener.changed(this.#objects);
  }

  #call(form: string, signal: AbortSignal, query: Readonly<Record<string, string>> = {}): KubernetesRequest {
    const { path, labelSelector, metadataOnly } = this.#terms;
    const accept = metadataOnly ? `application/json;as=${form};g=meta.k8s.io;v=v1` : 'application/json';
    return { path, accept, signal, query: { labelSelector, ...query } };
  }
}

/** The Status object of an ERROR event. */
function asRefusal(path: string, status: object): KubernetesApiError {
  const { code, reason, message } = status as { code?: number; reason?: string; message?: string };
  return new KubernetesApiError(
    `The watch of ${path} was ended: ${message ?? reason ?? 'without a reason'}`,
    { status: code ?? 500, reason },
  );
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

function nothing(): undefined {}
