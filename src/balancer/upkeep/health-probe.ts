import type { TransportCall } from '../../core/transport.js';
import type { EndpointState } from '../../state/endpoint-state.js';
import type { Engine } from '../engine/engine.js';
import { MISCONFIGURED } from '../judge-status.js';
import { callEndpoint, type EndpointAnswer } from './call-endpoint.js';
import { DueTimer } from './due-timer.js';
import { openGate } from './open-gate.js';

/** How long after a probe's time-out its verdict may come, in ms: timers are late when the process is busy. */
const LATENESS = 1_000;
/** A health check says a word or two; who talks longer than this is not waited for. */
const LONGEST_BODY = 64 * 1024;

/** An endpoint whose health is asked now and then. */
interface Watch {
  /** When it is asked next; while it is being asked, until when it may answer. */
  due: number;
  startedAt: number;
  call: TransportCall | undefined;
  /** It was not ready at once: it has said no, or had to wait. */
  late: boolean;
  /** Answers in a row that were yes; below 0: that were no. */
  streak: number;
  /** The log has been told that its health check is not to be had. */
  complained: boolean;
}

/**
 * Lets warming endpoints through when their `initialDelay` is over, and asks those with a `healthPath` for their
 * health: while they are warming or their breaker is open and, with an `unhealthyThreshold`, also while they are ready;
 * else healthy endpoints are judged by their answers. Good health makes a warming endpoint ready and an open one
 * half-open; bad health keeps an open one from trials. One timer for all, and none when nobody is to be asked.
 *
 * It is part of the balancer and no loop beside it, because `healthPath` alone must switch it on.
 */
export class HealthProbe {
  readonly #engine: Engine;
  readonly #watched = new Map<EndpointState, Watch>();
  readonly #timer: DueTimer;
  #closed = false;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#timer = new DueTimer(engine.clock, () => this.#tick());
  }

  /** The list of endpoints, or what they are, has changed. */
  review(): void {
    for (const member of this.#engine.endpoints.members) {
      if (!this.#watched.has(member)) this.watch(member);
    }
  }

  /** To be called for an endpoint that was activated, or whose breaker has opened: it is asked sooner, never later. */
  watch(endpoint: EndpointState): void {
    if (this.#closed || !this.#wanted(endpoint)) return;
    const known = this.#watched.get(endpoint);
    if (known?.call !== undefined) return;
    const watch = known ?? {
      due: Number.POSITIVE_INFINITY,
      startedAt: 0,
      call: undefined,
      late: false,
      streak: 0,
      complained: false,
    };
    this.#watched.set(endpoint, watch);
    const due = watch.due - this.#engine.clock.now();
    this.#await(endpoint, watch, Math.min(due, this.#firstWait(endpoint)));
  }

  /** The endpoint has left. */
  forget(endpoint: EndpointState): void {
    this.#watched.get(endpoint)?.call?.abort();
    if (this.#watched.delete(endpoint)) this.#timer.set(this.#watched.values());
  }

  close(): void {
    this.#closed = true;
    for (const endpoint of [...this.#watched.keys()]) this.forget(endpoint);
  }

  #await(endpoint: EndpointState, watch: Watch, wait: number): void {
    watch.due = this.#engine.clock.now() + wait;
    endpoint.breaker.holdOpen(watch.due + this.#engine.options.probe.timeout + LATENESS);
    this.#timer.set(this.#watched.values());
  }

  #firstWait({ phase, lifecycle, description, breaker }: EndpointState): number {
    if (lifecycle.isShut('initial-delay')) return description.initialDelay;
    if (phase === 'warming') return 0;
    const { interval } = this.#engine.options.probe;
    const now = this.#engine.clock.now();
    // Before its time to reopen, so that no request is spent on an endpoint that would say no.
    return this.#jitter(Math.min(interval, (breaker.reopensAt ?? Number.POSITIVE_INFINITY) - now));
  }

  #jitter(wait: number): number {
    return wait * (0.8 + 0.2 * this.#engine.random());
  }

  #tick(): void {
    const now = this.#engine.clock.now();
    for (const [endpoint, watch] of [...this.#watched]) {
      if (watch.call !== undefined) {
        if (now < watch.due) continue;
        watch.call.abort();
        this.#answered(endpoint, watch, undefined);
      } else if (!this.#wanted(endpoint)) {
        this.#watched.delete(endpoint);
      } else if (now >= watch.due) {
        this.#endDelay(endpoint, watch);
        this.#ask(endpoint, watch, now);
      }
    }
    this.#timer.set(this.#watched.values());
  }

  #endDelay(endpoint: EndpointState, watch: Watch): void {
    if (!endpoint.lifecycle.isShut('initial-delay')) return;
    watch.late = true;
    openGate(this.#engine, endpoint, 'initial-delay', true);
    if (!this.#wanted(endpoint)) this.#watched.delete(endpoint);
    this.#engine.changed(endpoint);
  }

  #ask(endpoint: EndpointState, watch: Watch, now: number): void {
    const { healthPath } = endpoint;
    if (healthPath === undefined || !this.#watched.has(endpoint)) return;
    watch.startedAt = now;
    watch.due = now + this.#engine.options.probe.timeout;
    endpoint.breaker.holdOpen(watch.due + LATENESS);
    let answered = false;
    const ask = { method: 'GET', path: healthPath, longest: LONGEST_BODY } as const;
    const call = callEndpoint(endpoint, ask, (answer) => {
      answered = true;
      this.#answered(endpoint, watch, answer);
    });
    // undici may refuse at once, before `send` returns.
    if (!answered) watch.call = call;
  }

  #answered(endpoint: EndpointState, watch: Watch, answer: EndpointAnswer | undefined): void {
    const { clock, observers, options } = this.#engine;
    // It left, or the balancer closed, in the tick of its answer.
    if (this.#watched.get(endpoint) !== watch) return;
    watch.call = undefined;
    const status = answer?.status;
    const healthy = answer !== undefined && isGood(answer);
    if (observers.wants('endpoint-probed')) {
      const duration = clock.now() - watch.startedAt;
      observers.tell({ type: 'endpoint-probed', endpoint: endpoint.id, healthy, status, duration });
    }
    if (status !== undefined && MISCONFIGURED.has(status)) this.#complain(endpoint, watch, status);
    watch.streak = healthy ? Math.max(0, watch.streak) + 1 : Math.min(0, watch.streak) - 1;
    watch.late ||= !healthy;
    if (healthy && watch.streak >= options.probe.healthyThreshold) this.#passed(endpoint, watch);
    const counts = endpoint.phase === 'ready' || endpoint.phase === 'warming';
    if (!healthy && counts && -watch.streak >= options.probe.unhealthyThreshold) {
      endpoint.lifecycle.hold('health', true);
    }
    if (this.#wanted(endpoint)) this.#await(endpoint, watch, this.#jitter(options.probe.interval));
    else this.forget(endpoint);
    this.#engine.changed(endpoint);
  }

  #passed(endpoint: EndpointState, watch: Watch): void {
    if (endpoint.lifecycle.isShut('health')) openGate(this.#engine, endpoint, 'health', watch.late);
    if (isOpen(endpoint)) endpoint.breaker.probePassed();
  }

  #wanted(endpoint: EndpointState): boolean {
    const { phase, lifecycle, healthPath } = endpoint;
    if (lifecycle.isShut('initial-delay')) return phase === 'warming' || phase === 'standby';
    if (healthPath === undefined) return false;
    // One that waits for something else meanwhile would be forgotten for good.
    const always = Number.isFinite(this.#engine.options.probe.unhealthyThreshold);
    if (phase === 'warming') return always || lifecycle.isShut('health');
    return phase === 'ready' && (always || isOpen(endpoint));
  }

  /** A wrong `healthPath` or key would keep the endpoint out for ever, in silence. */
  #complain(endpoint: EndpointState, watch: Watch, status: number): void {
    const { observers, options } = this.#engine;
    if (observers.wants('endpoint-misconfigured'))
      observers.tell({ type: 'endpoint-misconfigured', endpoint: endpoint.id, status });
    if (watch.complained) return;
    watch.complained = true;
    // Without its query, where a key may stand.
    const healthPath = endpoint.healthPath?.replace(/\?.*$/s, '');
    options.logger.warn({ endpoint: endpoint.id, status, healthPath }, 'the health check is not to be had');
  }
}

function isOpen({ breaker }: EndpointState): boolean {
  return breaker.state === 'open' || breaker.state === 'suspect';
}

/** A vLLM that is asleep answers its `/is_sleeping` with 200 all the same. */
function isGood({ status, text }: EndpointAnswer): boolean {
  return status >= 200 && status < 300 && !/"is_sleeping"\s*:\s*true/.test(text);
}
