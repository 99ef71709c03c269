import type { ServerResponse } from 'node:http';
import type { ApiPath } from './api-path.js';
import { groupVersion, type KubeObject } from './kinds.js';
import type { Change } from './object-store.js';

export interface WatchTerms {
  readonly path: ApiPath;
  /** Whether the watch sees the object. */
  readonly sees: (object: KubeObject) => boolean;
  /** The form in which it is sent. */
  readonly shape: (object: KubeObject) => object;
  readonly bookmarks: boolean;
}

/** One watch: a line of JSON for each event. */
export class WatchStream {
  readonly terms: WatchTerms;
  readonly #response: ServerResponse;

  constructor(response: ServerResponse, terms: WatchTerms) {
    this.#response = response;
    this.terms = terms;
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
  }

  /** An object that leaves the selection is deleted for this watch; one that enters is added. */
  tell({ kind, type, object, before }: Change): void {
    if (kind !== this.terms.path.kind) return;
    const saw = before !== undefined && this.terms.sees(before);
    const sees = type !== 'DELETED' && this.terms.sees(object);
    if (sees) this.#send(saw ? 'MODIFIED' : 'ADDED', this.terms.shape(object));
    else if (saw) this.#send('DELETED', this.terms.shape(object));
  }

  /** An object that was there before the watch. */
  add(object: KubeObject): void {
    if (this.terms.sees(object)) this.#send('ADDED', this.terms.shape(object));
  }

  bookmark(revision: number): void {
    if (!this.terms.bookmarks) return;
    const { kind } = this.terms.path;
    const metadata = { resourceVersion: String(revision), creationTimestamp: null };
    this.#send('BOOKMARK', { kind: kind.kind, apiVersion: groupVersion(kind), metadata });
  }

  fail(status: object): void {
    this.#send('ERROR', status);
    this.end();
  }

  /** As the API server does when `timeoutSeconds` are over. */
  end(): void {
    this.#response.end();
  }

  cut(): void {
    this.#response.destroy();
  }

  /** Part of an event, and then nothing more. */
  cutInsideEvent(): void {
    this.#response.write('{"type":"MODIFIED","object":{"metadata":{"resourceVersion":"9', () => this.cut());
  }

  #send(type: string, object: object): void {
    // Clients may take their time to notice the end.
    if (!this.#response.writableEnded) this.#response.write(`${JSON.stringify({ type, object })}\n`);
  }
}
