import type { EndpointConfig } from '../../core/endpoint.js';
import { numberOption } from '../../core/option-checks.js';
import { InvalidOptionError } from '../../errors.js';
import type { EndpointState } from '../../state/endpoint-state.js';
import type { Engine } from '../engine/engine.js';
import { resolveEndpoint, resolveEndpoints } from '../options/endpoint-options.js';

/** Looks after the endpoints of a set: asks for their health, say. */
export interface Follower {
  /** The list has changed, or what the endpoints are. */
  review(): void;
  /** The endpoint has left. */
  forget(endpoint: EndpointState): void;
  close(): void;
}

/** Endpoints that come and go at run time: by call, or because a source says so. */
export class Membership {
  readonly #engine: Engine;
  readonly #followers: readonly Follower[];
  readonly #leaving = new Set<Promise<void>>();

  constructor(engine: Engine, followers: readonly Follower[]) {
    this.#engine = engine;
    this.#followers = followers;
  }

  /**
   * Makes the endpoints be these.
   *
   * @param revive those that drain take requests again: they were named by whoever drained them
   * @throws InvalidOptionError, and nothing has changed
   */
  update(configs: readonly EndpointConfig[], revive: boolean): void {
    const { endpoints, observers, options } = this.#engine;
    const resolved = resolveEndpoints(configs, options.share);
    const before = new Set(endpoints.members);
    endpoints.update(resolved, revive);
    for (const endpoint of endpoints.members) {
      if (before.has(endpoint)) this.#engine.announce(endpoint);
      else observers.tell({ type: 'endpoint-added', endpoint: endpoint.id });
    }
    this.#changed();
  }

  /** @throws InvalidOptionError when the id is taken */
  add(config: EndpointConfig): void {
    const { endpoints, observers, options } = this.#engine;
    const resolved = resolveEndpoint(config, 'endpoint', options.share);
    if (endpoints.get(resolved.id) !== undefined) {
      throw new InvalidOptionError('endpoint.id', 'must be unique (it defaults to the url)', resolved.id);
    }
    endpoints.add(resolved);
    observers.tell({ type: 'endpoint-added', endpoint: resolved.id });
    this.#changed();
  }

  /** @throws InvalidOptionError, and nothing has changed */
  setWeight(id: string, weight: number): void {
    const endpoint = this.#engine.endpoints.get(id);
    if (endpoint === undefined) throw new InvalidOptionError('id', 'must be that of an endpoint', id);
    endpoint.describe({
      ...endpoint.description,
      weight: numberOption('weight', weight ?? Number.NaN, 1, { min: 0 }),
    });
    this.#changed();
  }

  async drain(id: string): Promise<void> {
    const endpoint = this.#engine.endpoints.get(id);
    if (endpoint === undefined) return;
    endpoint.lifecycle.drain(true);
    this.#engine.changed(endpoint);
    await endpoint.whenIdle();
  }

  /** Takes a drain back. */
  revive(id: string): void {
    const endpoint = this.#engine.endpoints.get(id);
    if (endpoint?.phase !== 'draining') return;
    endpoint.lifecycle.drain(false);
    this.#engine.announce(endpoint);
    this.#changed();
  }

  remove(id: string): void {
    const endpoint = this.#engine.endpoints.get(id);
    if (endpoint !== undefined) this.#engine.endpoints.remove(endpoint);
    this.#engine.rearranged();
  }

  /** An endpoint has left the set: its streams run on for as long as they may, and its connections close behind them. */
  left(endpoint: EndpointState): void {
    const { observers, options, clock } = this.#engine;
    for (const follower of this.#followers) follower.forget(endpoint);
    observers.tell({ type: 'endpoint-removed', endpoint: endpoint.id });
    const limit =
      endpoint.outstanding > 0 && Number.isFinite(options.drainTimeout)
        ? clock.setTimer(() => void endpoint.channel.destroy(), options.drainTimeout)
        : undefined;
    limit?.unref?.();
    const gone = endpoint.whenIdle().then(() => {
      limit?.close();
      endpoint.lifecycle.end();
      endpoint.breaker.dispose();
      return endpoint.channel.close();
    });
    this.#leaving.add(gone);
    void gone.finally(() => this.#leaving.delete(gone));
  }

  /** Nobody is looked after any more. */
  stop(): void {
    for (const follower of this.#followers) follower.close();
  }

  /** Takes everybody out and cuts what still runs. */
  async close(): Promise<void> {
    const { endpoints } = this.#engine;
    const { members } = endpoints;
    endpoints.update([]);
    await Promise.all(members.map((member) => member.channel.destroy()));
    await Promise.all(this.#leaving);
  }

  /** Whoever looks after the endpoints looks again. */
  review(): void {
    for (const follower of this.#followers) follower.review();
  }

  #changed(): void {
    this.review();
    this.#engine.rearranged();
  }
}
