import type { ServerResponse } from 'node:http';
import { systemClock } from '../../../src/system.js';
import type { ObjectStore } from './object-store.js';
import { StatusError } from './status.js';
import { WatchStream, type WatchTerms } from './watch-stream.js';

/** The watches under way. */
export class WatchRegistry {
  /** How a watch from a forgotten version is refused: API servers do both. */
  gone: 'status' | 'event' = 'event';
  readonly open = new Set<WatchStream>();
  readonly #store: ObjectStore;
  readonly #moved: () => void;

  constructor(store: ObjectStore, moved: () => void) {
    this.#store = store;
    this.#moved = moved;
    store.onChange((change) => {
      for (const watch of this.open) watch.tell(change);
    });
  }

  /** Without a version, or with 0, a watch begins with everything there is. */
  begin(response: ServerResponse, terms: WatchTerms, query: URLSearchParams): void {
    const version = query.get('resourceVersion') ?? '';
    const fromNow = version === '' || version === '0';
    const { kind, namespace } = terms.path;
    const missed = fromNow ? [] : this.#missed(kind, Number(version));
    if (missed instanceof StatusError && this.gone === 'status') throw missed;
    const watch = new WatchStream(response, terms);
    this.#keep(watch, response, Number(query.get('timeoutSeconds') ?? 0));
    if (missed instanceof StatusError) return watch.fail(missed.body);
    if (fromNow) for (const object of this.#store.list(kind, namespace)) watch.add(object);
    for (const change of missed) watch.tell(change);
  }

  #missed(...[kind, revision]: Parameters<ObjectStore['changesSince']>) {
    try {
      return this.#store.changesSince(kind, revision);
    } catch (error) {
      if (error instanceof StatusError) return error;
      throw error;
    }
  }

  #keep(watch: WatchStream, response: ServerResponse, timeoutSeconds: number): void {
    this.open.add(watch);
    const end =
      timeoutSeconds > 0 ? systemClock.setTimer(() => watch.end(), timeoutSeconds * 1_000) : undefined;
    response.once('close', () => {
      end?.close();
      this.open.delete(watch);
      this.#moved();
    });
  }
}
