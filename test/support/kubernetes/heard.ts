import type { DiscoverySource } from '../../../src/core/discovery.js';
import type { EndpointConfig } from '../../../src/core/endpoint.js';

/** Writes down what a source tells; stops it when the test ends. */
export class Heard implements AsyncDisposable {
  readonly lists: (readonly EndpointConfig[])[] = [];
  readonly errors: Error[] = [];
  readonly stop: () => Promise<void>;
  readonly #waiters = new Set<() => void>();

  constructor(source: DiscoverySource) {
    this.stop = source.watch({
      update: (endpoints) => {
        this.lists.push(endpoints);
        this.#moved();
      },
      failed: (error) => {
        this.errors.push(error);
        this.#moved();
      },
    });
  }

  get urls(): string[] {
    return (this.lists.at(-1) ?? []).map(({ url }) => url);
  }

  get problems(): string[] {
    return this.errors.map(({ message }) => message);
  }

  /** Resolves once it holds, asked now and after all that is told. */
  until(holds: (heard: this) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (!holds(this)) return;
        this.#waiters.delete(check);
        resolve();
      };
      this.#waiters.add(check);
      check();
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #moved(): void {
    for (const waiter of [...this.#waiters]) waiter();
  }
}
