import type { DiscoverySource } from '../../core/discovery.js';
import type { Engine } from '../engine/engine.js';
import type { Membership } from './membership.js';

/** Follows a source: each list it tells becomes the endpoints, and a list that is refused changes nothing. */
export class Discovery {
  readonly #engine: Engine;
  readonly #source: DiscoverySource;
  readonly #stop: () => Promise<void>;

  constructor(engine: Engine, membership: Membership, source: DiscoverySource) {
    this.#engine = engine;
    this.#source = source;
    engine.endpoints.awaited = true;
    this.#stop = source.watch({
      update: (endpoints) => {
        if (engine.closed) return;
        try {
          membership.update(endpoints, false);
        } catch (error) {
          return this.#failed(error as Error);
        }
        engine.options.logger.debug(
          { source: source.name, endpoints: endpoints.length },
          'endpoints discovered',
        );
        engine.observers.tell({
          type: 'discovery-updated',
          source: source.name,
          endpoints: endpoints.length,
        });
      },
      failed: (error) => {
        if (!engine.closed) this.#failed(error);
      },
    });
  }

  stop(): Promise<void> {
    return this.#stop();
  }

  #failed(error: Error): void {
    const source = this.#source.name;
    this.#engine.options.logger.warn({ source, err: error }, 'discovery failed; the last list stays');
    this.#engine.observers.tell({ type: 'discovery-failed', source, error });
  }
}
