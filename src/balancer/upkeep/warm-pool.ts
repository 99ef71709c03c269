import type { Timer } from '../../core/clock.js';
import { InvalidOptionError } from '../../errors.js';
import type { EndpointState } from '../../state/endpoint-state.js';
import type { Engine } from '../engine/engine.js';
import type { Follower } from './membership.js';
import { loadAround, needFor, type PoolSituation } from './pool-load.js';
import { Reserve } from './reserve.js';

/** How often the pool is looked at, in ms, beside the times when a request finds no place. */
const INTERVAL = 500;

/**
 * Endpoints on standby: activates one when those that it could relieve are saturated or down, and puts it back when
 * it has not been needed for a while. They are taken in the order of the endpoints, and put back in the reverse.
 */
export class WarmPool implements Follower {
  readonly #engine: Engine;
  readonly #activated: (endpoint: EndpointState) => void;
  readonly #reserves = new Map<EndpointState, Reserve>();
  readonly #situation: PoolSituation;
  #timer: Timer | undefined;
  #closed = false;

  /** @param activated hears of an endpoint that is to be asked for its health */
  constructor(engine: Engine, activated: (endpoint: EndpointState) => void) {
    this.#engine = engine;
    this.#activated = activated;
    const reserves = this.#reserves;
    this.#situation = {
      get members() {
        return engine.endpoints.members;
      },
      isReserve: (endpoint) => reserves.has(endpoint),
      get queued() {
        return engine.admission.queuedByModel;
      },
    };
    if (!engine.options.warmPool.automatic) return;
    engine.shortage = ({ model }, only) =>
      this.#relieve((endpoint) => {
        const served = model === undefined || endpoint.servedModel(model) !== undefined;
        return served && (only === undefined || only.includes(endpoint.id)) ? 1 : 0;
      });
  }

  review(): void {
    for (const endpoint of this.#engine.endpoints.members) {
      const { phase } = endpoint;
      const reserve = this.#reserves.get(endpoint);
      if (reserve === undefined) {
        if (phase === 'standby') void this.#adopt(endpoint).settle();
      } else if (phase === 'standby' && reserve.active) {
        // Its description says standby now, and did not before.
        void reserve.settle();
      } else if ((phase === 'ready' || phase === 'warming') && !reserve.active) {
        this.#activate(reserve, 'called');
      }
    }
    this.#relieve();
    this.#arm();
  }

  forget(endpoint: EndpointState): void {
    this.#reserves.get(endpoint)?.forget();
    this.#reserves.delete(endpoint);
  }

  close(): void {
    this.#closed = true;
    this.#timer?.close();
    for (const endpoint of [...this.#reserves.keys()]) this.forget(endpoint);
  }

  /** By call. @throws what the hook threw */
  async activate(id: string): Promise<void> {
    const reserve = this.#reserves.get(this.#find(id));
    if (reserve === undefined) return;
    if (reserve.active) {
      reserve.called = true;
      return reserve.quiet;
    }
    const activating = reserve.activate('called');
    this.#activated(reserve.endpoint);
    await activating;
  }

  /** By call. Resolves when its requests have ended and the hook is done. */
  async rest(id: string): Promise<void> {
    const endpoint = this.#find(id);
    const reserve = this.#reserves.get(endpoint) ?? this.#adopt(endpoint);
    this.#arm();
    await (reserve.active ? reserve.rest('called') : reserve.quiet);
  }

  #find(id: string): EndpointState {
    const endpoint = this.#engine.endpoints.get(id);
    if (endpoint === undefined) throw new InvalidOptionError('id', 'must be that of an endpoint', id);
    return endpoint;
  }

  #adopt(endpoint: EndpointState): Reserve {
    const reserve = new Reserve(this.#engine, endpoint);
    this.#reserves.set(endpoint, reserve);
    return reserve;
  }

  #activate(reserve: Reserve, reason: 'saturated' | 'down' | 'called'): void {
    // The event tells of a hook that fails; whoever is needed instead is found at once.
    reserve.activate(reason).catch(() => this.#relieve());
    this.#activated(reserve.endpoint);
  }

  /**
   * Activates reserves for as long as one is needed.
   *
   * @param asking requests that have come and could go there; they are not queued yet
   * @returns true when one was activated: it is ready, or worth waiting for
   */
  #relieve(asking: (endpoint: EndpointState) => number = () => 0): boolean {
    const { options, endpoints } = this.#engine;
    if (this.#closed || !options.warmPool.automatic || this.#reserves.size === 0) return false;
    let activated = false;
    for (const endpoint of endpoints.members) {
      const reserve = this.#reserves.get(endpoint);
      if (reserve === undefined || !reserve.usable) continue;
      const load = loadAround(endpoint, this.#situation);
      const need = needFor({ ...load, demand: load.demand + asking(endpoint) }, options.warmPool.activateAt);
      if (need === undefined) continue;
      this.#activate(reserve, need);
      activated = true;
    }
    return activated;
  }

  /** Puts back the last one that has not been needed for long enough; the next one's time begins anew. */
  #putBack(): void {
    const { options, endpoints, clock } = this.#engine;
    const { restAt, calm } = options.warmPool;
    for (const endpoint of [...endpoints.members].reverse()) {
      const reserve = this.#reserves.get(endpoint);
      if (reserve === undefined || !reserve.active || reserve.called) continue;
      const load = loadAround(endpoint, this.#situation, endpoint);
      // Without anybody else it stays: a pool whose last endpoint rests is not ready for anything.
      if (load.capacity === 0 || needFor(load, restAt) !== undefined) {
        reserve.calmSince = undefined;
        continue;
      }
      reserve.calmSince ??= clock.now();
      if (clock.now() - reserve.calmSince < calm) continue;
      for (const other of this.#reserves.values()) other.calmSince = undefined;
      void reserve.rest('calm');
      return;
    }
  }

  #arm(): void {
    const { options, clock } = this.#engine;
    if (this.#closed || !options.warmPool.automatic) return;
    if (this.#timer !== undefined || this.#reserves.size === 0) return;
    this.#timer = clock.setTimer(() => {
      this.#timer = undefined;
      this.#relieve();
      this.#putBack();
      this.#arm();
    }, INTERVAL);
    this.#timer.unref?.();
  }
}
