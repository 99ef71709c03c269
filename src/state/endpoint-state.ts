import type { Breaker } from '../core/breaker.js';
import type { Clock } from '../core/clock.js';
import type { EndpointStateName, EndpointView } from '../core/endpoint.js';
import type { LoadReport } from '../core/load-report.js';
import type { EndpointChannel } from '../core/transport.js';
import { AdaptiveLimit } from './adaptive-limit.js';
import type { Cooldown } from './cooldown.js';
import type { Endpoint } from './endpoint.js';
import { LatencyAverages } from './latency-averages.js';
import { Lifecycle, type LifecycleGate, type LifecyclePhase } from './lifecycle.js';
import { LoadReadout } from './load-readout.js';
import type { LoadSource } from './load-source.js';
import { PrefillMeter } from './prefill-meter.js';
import type { SlowStart } from './slow-start.js';

/** What an endpoint owns beside its description. */
export interface EndpointParts {
  readonly clock: Clock;
  readonly channel: EndpointChannel;
  readonly breaker: Breaker;
  readonly cooldown: Cooldown;
  readonly slowStart: SlowStart;
  /** What it has to wait for before it is ready. */
  readonly gates: readonly LifecycleGate[];
}

/** One endpoint at run time. Fault breaker, overload cool-off and slow start stand side by side, never as one number. */
export class EndpointState implements EndpointView {
  #endpoint: Endpoint;
  readonly #clock: Clock;
  readonly channel: EndpointChannel;
  readonly breaker: Breaker;
  readonly cooldown: Cooldown;
  readonly ramp: SlowStart;
  readonly latency = new LatencyAverages();
  readonly prefill: PrefillMeter;
  readonly readout: LoadReadout;
  /** `undefined` where the limit is given. */
  limit: AdaptiveLimit | undefined;
  outstanding = 0;
  readonly lifecycle: Lifecycle;
  /** 503 answers without Retry-After in a row. */
  busyStreak = 0;
  /** The state that observers last heard of. */
  announced: EndpointStateName;
  #idle: (() => void)[] = [];
  #learnt: ReadonlyMap<string, string> | undefined;

  constructor(endpoint: Endpoint, parts: EndpointParts) {
    this.#endpoint = endpoint;
    this.#clock = parts.clock;
    this.prefill = new PrefillMeter(parts.clock);
    this.readout = new LoadReadout(parts.clock);
    this.limit = this.#limitFor(endpoint);
    this.channel = parts.channel;
    this.breaker = parts.breaker;
    this.cooldown = parts.cooldown;
    this.ramp = parts.slowStart;
    this.lifecycle = new Lifecycle(parts.gates, endpoint.standby);
    this.announced = this.state;
  }

  get description(): Endpoint {
    return this.#endpoint;
  }

  get id(): string {
    return this.#endpoint.id;
  }

  get url(): string {
    return this.#endpoint.url;
  }

  get basePath(): string {
    return this.#endpoint.basePath;
  }

  get weight(): number {
    return this.#endpoint.weight;
  }

  get tier(): number {
    return this.#endpoint.tier;
  }

  get maxOutstanding(): number {
    const { maxOutstanding } = this.#endpoint;
    return maxOutstanding === 'adaptive' ? (this.limit?.current ?? Number.POSITIVE_INFINITY) : maxOutstanding;
  }

  get headers(): Readonly<Record<string, string>> | undefined {
    return this.#endpoint.headers;
  }

  get labels(): Readonly<Record<string, string>> {
    return this.#endpoint.labels;
  }

  get quotaGroup(): string | undefined {
    return this.#endpoint.quotaGroup;
  }

  get healthPath(): string | undefined {
    return this.#endpoint.healthPath;
  }

  get pendingPrompt(): number {
    return this.prefill.pending;
  }

  get prefillRate(): number | undefined {
    return this.prefill.rate;
  }

  get load(): LoadReport | undefined {
    return this.readout.fresh;
  }

  get metrics(): readonly LoadSource[] {
    return this.#endpoint.metrics;
  }

  get phase(): LifecyclePhase {
    return this.lifecycle.phase;
  }

  get slowStart(): number {
    return this.ramp.begun ? this.ramp.factor(this.#clock.now()) : 1;
  }

  get coolingOff(): boolean {
    return this.cooldown.begun && this.cooldown.remaining(this.#clock.now()) > 0;
  }

  get available(): boolean {
    return (
      this.weight > 0 &&
      this.phase === 'ready' &&
      !this.coolingOff &&
      this.breaker.admits &&
      this.outstanding < this.maxOutstanding
    );
  }

  get state(): EndpointStateName {
    const { phase } = this;
    if (phase === 'warming' || phase === 'standby' || phase === 'draining') return phase;
    if (phase === 'gone') return 'draining';
    const breaker = this.breaker.state;
    if (breaker !== 'closed') return breaker;
    return this.coolingOff ? 'cooling-off' : 'healthy';
  }

  /** `undefined` serves every model. */
  get models(): ReadonlyMap<string, string> | undefined {
    return this.#endpoint.models ?? this.#learnt;
  }

  servedModel(model: string): string | undefined {
    const { models } = this;
    return models === undefined ? model : models.get(model);
  }

  /** A new description of the same endpoint: counters, breaker, connections and what its limit has learnt stay. */
  describe(endpoint: Endpoint): void {
    const { standby } = this.#endpoint;
    this.#endpoint = endpoint;
    this.limit = this.#limitFor(endpoint);
    // Nobody would ask any more.
    if (endpoint.healthPath === undefined) this.lifecycle.hold('health', false);
    if (endpoint.models !== undefined) this.lifecycle.hold('models', false);
    // The same list again takes nothing back that was activated meanwhile.
    if (endpoint.standby !== standby) this.lifecycle.rest(endpoint.standby);
  }

  /** The models it says it has; `undefined`: it does not say. */
  learn(models: readonly string[] | undefined): void {
    this.#learnt = models && new Map(models.map((model) => [model, model]));
  }

  noteFirstToken(elapsed: number): void {
    this.latency.note('firstToken', elapsed, this.#clock.now());
  }

  noteResponse(elapsed: number): void {
    this.latency.note('response', elapsed, this.#clock.now());
  }

  noteTokenInterval(interval: number): void {
    this.latency.note('tokenInterval', interval, this.#clock.now());
  }

  /** One request fewer. */
  release(): void {
    this.outstanding--;
    if (this.outstanding > 0) return;
    this.limit?.idle();
    if (this.#idle.length > 0) for (const wake of this.#idle.splice(0)) wake();
  }

  /** Resolves when nothing is outstanding. */
  whenIdle(): Promise<void> {
    if (this.outstanding === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #limitFor({ maxOutstanding }: Endpoint): AdaptiveLimit | undefined {
    return maxOutstanding === 'adaptive' ? (this.limit ?? new AdaptiveLimit(this.#clock)) : undefined;
  }
}
