import type { DiscoverySource } from '../../src/core/discovery.js';
import type { EndpointConfig } from '../../src/core/endpoint.js';

/** Writes down what a source tells. */
export class SourceWatcher implements AsyncDisposable {
  readonly lists: (readonly EndpointConfig[])[] = [];
  readonly errors: Error[] = [];
  readonly stop: () => Promise<void>;
  #heard: () => void = () => {};

  constructor(source: DiscoverySource) {
    this.stop = source.watch({
      update: (endpoints) => {
        this.lists.push(endpoints);
        this.#heard();
      },
      failed: (error) => {
        this.errors.push(error);
        this.#heard();
      },
    });
  }

  get last(): readonly EndpointConfig[] {
    return this.lists.at(-1) ?? [];
  }

  get urls(): string[] {
    return this.last.map(({ url }) => url);
  }

  /** Resolves once it holds, asked now and after all that is told. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      await new Promise<void>((resolve) => {
        this.#heard = resolve;
      });
    }
  }

  /** Resolves once so many lists, or errors, were told. */
  heard(what: 'lists' | 'errors', count: number): Promise<void> {
    return this.until(() => this[what].length >= count);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
