import type { Timer } from '../core/clock.js';
import type { TransportCall } from '../core/transport.js';
import type { EndpointState } from '../state/endpoint-state.js';
import type { Engine } from './engine.js';
import { MISCONFIGURED } from './judge-status.js';
import { probeEndpoint } from './probe-endpoint.js';

/** How long after a probe's time-out its verdict may come, in ms: timers are late when the process is busy. */
const LATENESS = 1_000;

/** An endpoint whose health is asked now and then. */
interface Watch {
  /** When it is asked next; while it is being asked, until when it may answer. */
  due: number;
  startedAt: number;
  call: TransportCall | undefined;
  /** It has said no. */
  refused: boolean;
  /** The log has been told that its health check is not to be had. */
  complained: boolean;
}

/**
 * Asks endpoints with a `healthPath` for their health while they are `warming` or their breaker is open, and at no
 * other time: healthy endpoints are judged by their answers. Good health makes a warming endpoint ready and an open
 * one half-open; bad health keeps an open one from trials. One timer for all, and none when nobody is to be asked.
 *
 * It is part of the balancer and no loop beside it, because `healthPath` alone must switch it on.
 */
export class HealthProbe {
  readonly #engine: Engine;
  readonly #watched = new Map<EndpointState, Watch>();
  #timer: Timer | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  #closed = false;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** The list of endpoints, or what they are, has changed. */
  review(): void {
    for (const member of this.#engine.endpoints.members) this.watch(member);
  }

  /** To be called for an endpoint that has joined, or whose breaker has opened. */
  watch(endpoint: EndpointState): void {
    if (this.#closed || this.#watched.has(endpoint) || !wanted(endpoint)) return;
    const now = this.#engine.clock.now();
    const watch = { due: 0, startedAt: 0, call: undefined, refused: false, complained: false };
    this.#watched.set(endpoint, watch);
    if (endpoint.warming) return this.#await(endpoint, watch, 0);
    // Before its time to reopen, so that no request is spent on an endpoint that would say no.
    const { interval } = this.#engine.options.probe;
    this.#await(endpoint, watch, this.#jitter(Math.min(interval, (endpoint.breaker.reopensAt ?? now) - now)));
  }

  /** The endpoint has left. */
  forget(endpoint: EndpointState): void {
    this.#watched.get(endpoint)?.call?.abort();
    if (this.#watched.delete(endpoint)) this.#arm();
  }

  close(): void {
    this.#closed = true;
    for (const endpoint of [...this.#watched.keys()]) this.forget(endpoint);
  }

  #await(endpoint: EndpointState, watch: Watch, wait: number): void {
    watch.due = this.#engine.clock.now() + wait;
    endpoint.breaker.holdOpen(watch.due + this.#engine.options.probe.timeout + LATENESS);
    this.#arm();
  }

  #jitter(wait: number): number {
    return wait * (0.8 + 0.2 * this.#engine.random());
  }

  /** Sets the timer for whoever is due first. */
  #arm(): void {
    let first = Number.POSITIVE_INFINITY;
    for (const { due } of this.#watched.values()) first = Math.min(first, due);
    if (first === this.#timerAt) return;
    this.#timer?.close();
    this.#timerAt = first;
    const { clock } = this.#engine;
    this.#timer =
      first === Number.POSITIVE_INFINITY
        ? undefined
        : clock.setTimer(() => this.#tick(), Math.ceil(Math.max(0, first - clock.now())));
    // A balancer that was never closed must not keep the process alive.
    this.#timer?.unref?.();
  }

  #tick(): void {
    this.#timerAt = Number.POSITIVE_INFINITY;
    const now = this.#engine.clock.now();
    for (const [endpoint, watch] of [...this.#watched]) {
      if (watch.call !== undefined) {
        if (now < watch.due) continue;
        watch.call.abort();
        this.#answered(endpoint, watch, undefined);
      } else if (!wanted(endpoint)) {
        this.#watched.delete(endpoint);
      } else if (now >= watch.due) {
        this.#ask(endpoint, watch, now);
      }
    }
    this.#arm();
  }

  #ask(endpoint: EndpointState, watch: Watch, now: number): void {
    const { healthPath } = endpoint;
    if (healthPath === undefined) return;
    watch.startedAt = now;
    watch.due = now + this.#engine.options.probe.timeout;
    endpoint.breaker.holdOpen(watch.due + LATENESS);
    let answered = false;
    const call = probeEndpoint(endpoint, healthPath, (status) => {
      answered = true;
      this.#answered(endpoint, watch, status);
    });
    // undici may refuse at once, before `send` returns.
    if (!answered) watch.call = call;
  }

  #answered(endpoint: EndpointState, watch: Watch, status: number | undefined): void {
    const { clock, observers, options } = this.#engine;
    // It left, or the balancer closed, in the tick of its answer.
    if (this.#watched.get(endpoint) !== watch) return;
    watch.call = undefined;
    const healthy = status !== undefined && status >= 200 && status < 300;
    if (observers.wants('endpoint-probed')) {
      const duration = clock.now() - watch.startedAt;
      observers.tell({ type: 'endpoint-probed', endpoint: endpoint.id, healthy, status, duration });
    }
    if (status !== undefined && MISCONFIGURED.has(status)) this.#complain(endpoint, watch, status);
    if (healthy) this.#passed(endpoint, watch);
    watch.refused ||= !healthy;
    if (wanted(endpoint)) this.#await(endpoint, watch, this.#jitter(options.probe.interval));
    else this.forget(endpoint);
    this.#engine.changed(endpoint);
  }

  #passed(endpoint: EndpointState, watch: Watch): void {
    if (!endpoint.warming) return endpoint.breaker.probePassed();
    endpoint.ready();
    // One that was ready when the balancer began needs no slow start: nobody else has a lead.
    if (watch.refused || endpoint.slowStart < 1) endpoint.ramp.begin(this.#engine.clock.now());
  }

  /** A wrong `healthPath` or key would keep the endpoint out for ever, in silence. */
  #complain(endpoint: EndpointState, watch: Watch, status: number): void {
    const { observers, options } = this.#engine;
    if (observers.wants('endpoint-misconfigured'))
      observers.tell({ type: 'endpoint-misconfigured', endpoint: endpoint.id, status });
    if (watch.complained) return;
    watch.complained = true;
    options.logger.warn(
      { endpoint: endpoint.id, status, healthPath: endpoint.healthPath },
      'the health check is not to be had',
    );
  }
}

function wanted(endpoint: EndpointState): boolean {
  if (endpoint.healthPath === undefined || endpoint.draining) return false;
  return endpoint.warming || endpoint.breaker.state === 'open' || endpoint.breaker.state === 'suspect';
}
