import type { ActivationTarget } from '../../core/activation.js';
import type { EndpointState } from '../../state/endpoint-state.js';
import type { Engine } from '../engine/engine.js';
import { openGate } from './open-gate.js';
import { runHook } from './run-hook.js';

/** One that could not be activated is left alone for so long, in ms. */
const RETRY = 30_000;

/** An endpoint that is, or was, on standby: what it takes to bring it to work, and back to rest. */
export class Reserve {
  readonly endpoint: EndpointState;
  readonly #engine: Engine;
  readonly #gone = new AbortController();
  /** At work, or on the way. */
  active: boolean;
  /** Activated by call: it stays until it is put back by call. */
  called = false;
  /** Since when it has not been needed. */
  calmSince: number | undefined;
  #retryAt = Number.NEGATIVE_INFINITY;
  /** The hook has, or may have, put it to rest. */
  #asleep = false;
  /** Calls of the hook, one after another. */
  #calls: Promise<void> = Promise.resolve();

  constructor(engine: Engine, endpoint: EndpointState) {
    this.#engine = engine;
    this.endpoint = endpoint;
    this.active = endpoint.phase !== 'standby';
  }

  /** It may be activated now; one that somebody else has put to sleep only by who can wake it. */
  get usable(): boolean {
    const { phase, weight, lifecycle } = this.endpoint;
    const { clock, options } = this.#engine;
    const wakes = options.warmPool.hook !== undefined || !lifecycle.isShut('sleep');
    return !this.active && phase === 'standby' && weight > 0 && wakes && clock.now() >= this.#retryAt;
  }

  /** Every call of the hook so far is over. */
  get quiet(): Promise<void> {
    return this.#calls;
  }

  /**
   * Brings it to work; without a hook and a `healthPath` it is ready at once.
   *
   * @throws what the hook threw; it is on standby again then
   */
  async activate(reason: 'saturated' | 'down' | 'called'): Promise<void> {
    const { endpoint } = this;
    const { observers, options } = this.#engine;
    const { hook } = options.warmPool;
    this.active = true;
    this.called = reason === 'called';
    this.calmSince = undefined;
    if (endpoint.healthPath !== undefined) endpoint.lifecycle.hold('health', true);
    const waking = hook !== undefined && (this.#asleep || endpoint.lifecycle.isShut('sleep'));
    if (waking) endpoint.lifecycle.hold('activation', true);
    endpoint.lifecycle.rest(false);
    observers.tell({ type: 'endpoint-activated', endpoint: endpoint.id, reason });
    this.#engine.changed(endpoint);
    if (!waking) return;
    try {
      await this.#call((target, signal) => hook.activate(target, signal));
      this.#asleep = false;
      // Its page may have been read a moment ago, when it slept.
      endpoint.readout.renew();
      endpoint.lifecycle.hold('sleep', false);
    } catch (error) {
      this.#retryAt = this.#engine.clock.now() + RETRY;
      this.active = false;
      endpoint.lifecycle.rest(true);
      this.#failed(error);
      throw error;
    } finally {
      openGate(this.#engine, endpoint, 'activation', false);
      this.#engine.changed(endpoint);
    }
  }

  /** Takes it from work. Resolves when its requests have ended and the hook is done. */
  rest(reason: 'calm' | 'called'): Promise<void> {
    const { endpoint } = this;
    endpoint.lifecycle.rest(true);
    this.#engine.observers.tell({ type: 'endpoint-rested', endpoint: endpoint.id, reason });
    this.#engine.changed(endpoint);
    return this.settle();
  }

  /** On standby it is; its requests are to end, and the hook is to hear of it. */
  async settle(): Promise<void> {
    const { endpoint } = this;
    const { hook } = this.#engine.options.warmPool;
    this.active = this.called = false;
    await endpoint.whenIdle();
    // It may have been activated meanwhile; then it was never at rest.
    if (hook === undefined || endpoint.phase !== 'standby') return;
    this.#asleep = true;
    try {
      await this.#call(async (target, signal) => {
        if (endpoint.phase === 'standby') await hook.rest(target, signal);
      });
    } catch (error) {
      this.#failed(error);
    }
  }

  /** The endpoint has left, or the balancer is closed. */
  forget(): void {
    this.#gone.abort();
  }

  #call(run: (target: ActivationTarget, signal: AbortSignal) => Promise<void>): Promise<void> {
    const call = this.#calls.then(() => runHook(this.#engine, this.endpoint, this.#gone.signal, run));
    this.#calls = call.catch(() => {});
    return call;
  }

  #failed(error: unknown): void {
    if (this.#gone.signal.aborted) return;
    const { observers, options } = this.#engine;
    const { id } = this.endpoint;
    options.logger.warn({ endpoint: id, err: error }, 'the activation hook failed');
    const reason = error instanceof Error ? error : new Error(String(error));
    observers.tell({ type: 'activation-failed', endpoint: id, error: reason });
  }
}
