import type { DiscoverySource } from '../../src/core/discovery.js';
import type { EndpointConfig } from '../../src/core/endpoint.js';
import { Waiters } from './waiters.js';

/** Writes down what a source tells. */
export class SourceWatcher implements AsyncDisposable {
  readonly lists: (readonly EndpointConfig[])[] = [];
  readonly errors: Error[] = [];
  readonly stop: () => Promise<void>;
  readonly #waiters = new Waiters();

  constructor(source: DiscoverySource) {
    this.stop = source.watch({
      update: (endpoints) => {
        this.lists.push(endpoints);
        this.#waiters.moved();
      },
      failed: (error) => {
        this.errors.push(error);
        this.#waiters.moved();
      },
    });
  }

  get last(): readonly EndpointConfig[] {
    return this.lists.at(-1) ?? [];
  }

  get urls(): string[] {
    return this.last.map(({ url }) => url);
  }

  get problems(): string[] {
    return this.errors.map(({ message }) => message);
  }

  /** Resolves once it holds, asked now and after all that is told. */
  until(holds: (heard: this) => boolean): Promise<void> {
    return this.#waiters.until(() => holds(this));
  }

  /** Resolves once so many lists, or errors, were told. */
  heard(what: 'lists' | 'errors', count: number): Promise<void> {
    return this.until(() => this[what].length >= count);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
