import type { Clock, Random } from '../../core/clock.js';
import type { SelectionDecision } from '../../core/decision.js';
import { type EndpointView, loadAfterPick } from '../../core/endpoint.js';
import type { InferenceRequest } from '../../core/inference-request.js';
import type { SelectionContext, SelectionPolicy } from '../../core/policy.js';
import { leastIndex } from '../../core/random-pick.js';
import type { RetryPolicy } from '../../core/retry.js';
import { Roster } from '../../core/roster.js';
import type { RetryBudget } from '../../retries/retry-budget.js';
import type { Admission } from '../../state/admission.js';
import type { Availability } from '../../state/availability.js';
import type { EndpointSet } from '../../state/endpoint-set.js';
import type { EndpointState } from '../../state/endpoint-state.js';
import { Lease } from '../../state/lease.js';
import type { ResolvedOptions } from '../options.js';
import type { Cancellation } from './cancellation.js';
import { Decisions, explainPlace } from './decisions.js';
import { Hedging } from './hedging.js';
import type { Observers } from './observers.js';
import { Readiness } from './readiness.js';
import { RequestRecords } from './request-records.js';

/** Why a request has no place now. */
export type Placeless = Exclude<Availability, { kind: 'ready' }>;

/** What the requests of one balancer share. */
export class Engine {
  readonly options: ResolvedOptions;
  readonly endpoints: EndpointSet;
  readonly admission: Admission<Lease | undefined>;
  readonly budget: RetryBudget | undefined;
  readonly observers: Observers;
  /** Those of what every request tells. */
  readonly audiences;
  readonly hedging: Hedging | undefined;
  readonly context: SelectionContext;
  readonly readiness: Readiness;
  readonly decisions: Decisions;
  readonly records: RequestRecords;
  /** A request finds no place; true when there is one now, or will be. */
  shortage: ((request: InferenceRequest, only: readonly string[] | undefined) => boolean) | undefined;
  /** Requests on their way. */
  readonly running = new Roster<Cancellation>();
  closed = false;
  #quiet: (() => void) | undefined;

  constructor(
    options: ResolvedOptions,
    endpoints: EndpointSet,
    admission: Admission<Lease | undefined>,
    budget: RetryBudget | undefined,
    observers: Observers,
  ) {
    this.options = options;
    this.endpoints = endpoints;
    this.admission = admission;
    this.budget = budget;
    this.observers = observers;
    this.audiences = {
      requestStarted: observers.audience('request-started'),
      attemptStarted: observers.audience('attempt-started'),
      attemptSettled: observers.audience('attempt-settled'),
      requestFinished: observers.audience('request-finished'),
    };
    this.decisions = new Decisions(options.logger);
    this.records = new RequestRecords(observers, options.clock);
    this.hedging = options.hedge === undefined ? undefined : new Hedging(options.hedge, options.clock);
    this.readiness = new Readiness(endpoints, options.clock);
    const { random, clock } = options;
    this.context = { random, now: () => clock.now(), report: (report) => observers.tell(report) };
  }

  get clock(): Clock {
    return this.options.clock;
  }

  get random(): Random {
    return this.options.random;
  }

  get retry(): RetryPolicy | undefined {
    return this.options.retry?.policy;
  }

  /** Selects and acquires in one step: no two requests see the same count. */
  place(request: InferenceRequest, only: readonly string[] | undefined): Lease | Placeless {
    const { policy } = this.options;
    const recorded = this.records.has(request);
    const told = recorded || this.decisions.wanted;
    // Who hears of the decision hears of all candidates.
    const rule = told ? undefined : policy.sample;
    let found = this.endpoints.find(request, only, rule);
    if (found.kind !== 'ready' && this.shortage?.(request, only) === true)
      found = this.endpoints.find(request, only, rule);
    if (found.kind !== 'ready') {
      if (recorded) this.records.decided(request, this.#explain(found, only, request));
      return found;
    }
    const { candidates } = found;
    // As the policy sees it before it chooses: its turn moves on then, and the chosen one's count.
    const explained = told ? this.#explain(found, only, request) : undefined;
    const chosen = this.#select(policy, candidates, request);
    if (explained !== undefined) {
      const decision = { ...explained, choice: chosen?.id };
      this.decisions.tell(decision);
      if (recorded) this.records.decided(request, decision);
    }
    if (chosen === undefined) return { kind: 'none' };
    return new Lease(chosen, this.endpoints, this.#promptWork(chosen, request));
  }

  /** An endpoint's counters or health have moved: observers hear of a new state, and a waiting request may go. */
  changed(endpoint: EndpointState): void {
    this.announce(endpoint);
    this.rearranged();
  }

  /** Tells observers if the state is a new one. */
  announce(endpoint: EndpointState): void {
    const { state } = endpoint;
    if (state !== endpoint.announced) {
      const from = endpoint.announced;
      endpoint.announced = state;
      this.options.logger.info({ endpoint: endpoint.id, from, to: state }, 'endpoint changed state');
      if (this.observers.wants('endpoint-state')) {
        this.observers.tell({ type: 'endpoint-state', endpoint: endpoint.id, from, to: state });
      }
    }
  }

  /** Places may have become free, or will by the clock alone. */
  rearranged(): void {
    this.readiness.review();
    if (this.admission.queued === 0) return;
    this.admission.wake();
    this.watchClock();
  }

  /** As long as somebody waits: looks again when the clock alone may have made a place, at a full pool as well. */
  watchClock(): void {
    if (this.admission.queued === 0) return;
    const soonest = this.endpoints.soonestChange;
    if (soonest !== undefined) this.admission.wakeIn(soonest, () => this.watchClock());
  }

  /** An SDK that retries on top of us multiplies attempts; whoever watches should know. */
  noteCallerRetries(headers: Readonly<Record<string, string>>): void {
    const count = Number(headers['x-stainless-retry-count'] ?? 0);
    if (count > 0 && this.observers.wants('caller-retries'))
      this.observers.tell({ type: 'caller-retries', count });
  }

  ended(request: Cancellation): void {
    this.running.delete(request);
    if (this.running.size === 0) this.#quiet?.();
  }

  /** Resolves when no request runs, or after `limit` ms. */
  whenQuiet(limit: number): Promise<void> {
    if (this.running.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = limit === Number.POSITIVE_INFINITY ? undefined : this.clock.setTimer(resolve, limit);
      this.#quiet = () => {
        timer?.close();
        resolve();
      };
    });
  }

  #explain(
    found: Availability,
    only: readonly string[] | undefined,
    request: InferenceRequest,
  ): SelectionDecision {
    const candidates = found.kind === 'ready' ? found.candidates : [];
    const field = { members: this.endpoints.members, candidates, only };
    return explainPlace(
      this.options.policy,
      { field, context: this.context, availability: found.kind },
      request,
    );
  }

  /** Prompt tokens that the endpoint will compute, as far as the policy knows better than that it is all of them. */
  #promptWork(chosen: EndpointState, request: InferenceRequest): number {
    const { promptTokens } = request;
    const { policy } = this.options;
    if (policy.promptWork === undefined) return promptTokens;
    try {
      const work = policy.promptWork(chosen, request);
      return work >= 0 && work < promptTokens ? work : promptTokens;
    } catch {
      return promptTokens;
    }
  }

  /** A policy that throws or chooses a stranger is replaced for this pick: a user's mistake costs no request. */
  #select(
    policy: SelectionPolicy,
    candidates: readonly EndpointState[],
    request: InferenceRequest,
  ): EndpointState | undefined {
    let problem: string;
    try {
      const chosen: EndpointView | undefined = policy.select(candidates, request, this.context);
      if (chosen === undefined) return undefined;
      const candidate = candidates.find((one) => one === chosen);
      if (candidate !== undefined) return candidate;
      problem = 'chose an endpoint that is not a candidate';
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    }
    this.observers.tell({ type: 'policy-failed', policy: policy.name, problem });
    const load = (index: number) => {
      const candidate = candidates[index];
      return candidate === undefined ? Number.POSITIVE_INFINITY : loadAfterPick(candidate);
    };
    return candidates[leastIndex(candidates.length, load, this.random)];
  }
}
