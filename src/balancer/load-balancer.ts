import type { BreakerState } from '../core/breaker.js';
import type { Explanation, SelectionDecision } from '../core/decision.js';
import type { EndpointConfig, EndpointView } from '../core/endpoint.js';
import type { BalancerHandlers, BalancerObserver } from '../core/events.js';
import type { BalancedReply, BalancedRequest } from '../core/exchange.js';
import type { BalancerSnapshot } from '../core/snapshot.js';
import type { OpenChannel } from '../core/transport.js';
import { EndpointSet } from '../state/endpoint-set.js';
import type { EndpointState } from '../state/endpoint-state.js';
import { openUndiciChannel } from '../transport/undici-transport.js';
import { closeBalancer } from './close-balancer.js';
import { createEndpoint } from './create-endpoint.js';
import { createEngine } from './engine/create-engine.js';
import type { Engine } from './engine/engine.js';
import { Observers } from './engine/observers.js';
import { type FetchInit, type FetchInput, fetchThrough } from './fetch.js';
import { type LoadBalancerOptions, resolveOptions } from './options.js';
import { send } from './send.js';
import { Discovery } from './upkeep/discovery.js';
import { HealthProbe } from './upkeep/health-probe.js';
import { LoadPoller } from './upkeep/load-poller.js';
import { Membership } from './upkeep/membership.js';
import { ModelLists } from './upkeep/model-lists.js';
import { WarmPool } from './upkeep/warm-pool.js';
import { type ExplainedRequest, explain } from './watching/explain.js';
import { type ObserveOptions, observe } from './watching/observe.js';
import { takeSnapshot } from './watching/snapshot.js';

/** The origin is never looked up: `.invalid` is reserved (RFC 2606), so a client that misses our fetch fails loudly. */
const PLACEHOLDER = 'http://evenkeel.invalid';

/**
 * Balances requests over LLM servers.
 *
 * @example
 * const balancer = new LoadBalancer({ endpoints: [{ url: 'http://10.0.1.10:8000', weight: 3 }, { url: 'http://10.0.1.11:8000' }] });
 * const answer = await balancer.fetch('/v1/models');
 */
export class LoadBalancer implements AsyncDisposable {
  readonly #engine: Engine;
  readonly #health: HealthProbe;
  readonly #warmPool: WarmPool;
  readonly #membership: Membership;
  readonly #discovery: Discovery | undefined;
  #closing: Promise<void> | undefined;

  /** For clients that insist on a base URL. Ends in `/v1`; its origin is never used. */
  readonly baseURL: string = `${PLACEHOLDER}/v1`;

  /**
   * As WHATWG `fetch`, over the endpoints; bound, so it can be handed to a client. The origin of `input` is ignored.
   * Resolves also when the balancer gives up (502, 503, 504 with an OpenAI-shaped error); redirects are not followed.
   *
   * @throws only the caller's own abort reason, and TypeError for input that `fetch` would refuse as well
   */
  readonly fetch: (input: FetchInput, init?: FetchInit) => Promise<Response>;

  /** @throws InvalidOptionError naming the option, the rule and the value */
  constructor(options: LoadBalancerOptions);
  /** @internal For servers that are not on a network: the simulator's. */
  constructor(options: LoadBalancerOptions, openChannel: OpenChannel);
  constructor(options: LoadBalancerOptions, openChannel: OpenChannel = openUndiciChannel) {
    const resolved = resolveOptions(options);
    const observers = new Observers(resolved.logger);
    const { clock, random, breaker, overProvisioning } = resolved;
    const endpoints: EndpointSet = new EndpointSet(resolved.endpoints, {
      clock,
      random,
      overProvisioning,
      failOpen: breaker?.failOpen ?? true,
      maxOpenRatio: breaker?.maxOpenRatio ?? 1,
      create: (endpoint, joins) =>
        createEndpoint(endpoint, resolved, {
          joins,
          openChannel,
          mayOpen: () => endpoints.mayOpen(),
          onBreaker: (changed, to) => this.#breakerChanged(changed, to),
        }),
      removed: (endpoint) => this.#membership.left(endpoint),
    });
    this.#engine = createEngine(resolved, endpoints, observers);
    this.#health = new HealthProbe(this.#engine);
    this.#warmPool = new WarmPool(this.#engine, (endpoint) => this.#health.watch(endpoint));
    this.#membership = new Membership(this.#engine, [
      this.#health,
      this.#warmPool,
      new ModelLists(this.#engine),
      new LoadPoller(this.#engine, openChannel),
    ]);
    this.#membership.review();
    const { source } = resolved;
    this.#discovery =
      source === undefined ? undefined : new Discovery(this.#engine, this.#membership, source);
    this.fetch = (input, init) => fetchThrough((request) => this.send(request), input, init);
  }

  /** Live views, in ascending order of tier. */
  get endpoints(): readonly EndpointView[] {
    return this.#engine.endpoints.members;
  }

  /**
   * The request path itself, for facades: one request in, one reply out, whose body must be piped or cancelled.
   *
   * @throws only the caller's own abort reason
   */
  send(request: BalancedRequest): Promise<BalancedReply> {
    return send(this.#engine, request);
  }

  /**
   * Resolves when an endpoint could take a request. Requests need not wait for it; they wait in the queue.
   *
   * @throws the signal's reason, or an EvenkeelError when the balancer is closed
   */
  ready(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    return this.#engine.readiness.wait(options.signal);
  }

  /** The state of the balancer and of each endpoint now: plain data, to print or to send. */
  snapshot(): BalancerSnapshot {
    return takeSnapshot(this.#engine);
  }

  /** What the policy would choose now, and why. No request is sent or counted, but a turn of the policy moves on. */
  explain(request: ExplainedRequest = {}): Explanation {
    return explain(this.#engine, request);
  }

  /** Explains the next choice of a request as it is made, once. @returns forgets it */
  explainNext(listener: (decision: SelectionDecision) => void): () => void {
    return this.#engine.decisions.next(listener);
  }

  /**
   * Hears of everything that happens, as do `evenkeel:*` of `node:diagnostics_channel`, or of what it has a handler
   * for. With `records` also of each whole request, its choices explained, which costs more than all else that is told.
   *
   * @returns stops it
   */
  observe(observer: BalancerObserver | BalancerHandlers, options: ObserveOptions = {}): () => void {
    return observe(this.#engine, observer, options);
  }

  /**
   * Makes the endpoints be these. Those that stay, by id and url, keep counters, breakers and connections; those
   * that drain take requests again. With a source, its next list counts.
   */
  update(endpoints: readonly EndpointConfig[]): void {
    this.#membership.update(endpoints, true);
  }

  /** @throws InvalidOptionError when the id is taken */
  add(endpoint: EndpointConfig): void {
    this.#membership.add(endpoint);
  }

  /** Gives an endpoint another weight; with a source, its next list counts. @throws InvalidOptionError, also for an unknown id */
  setWeight(id: string, weight: number): void {
    this.#membership.setWeight(id, weight);
  }

  /**
   * Gives an endpoint no new request. Resolves when its streams have ended; it stays in the list until removed.
   * An unknown id is drained already.
   */
  drain(id: string): Promise<void> {
    return this.#membership.drain(id);
  }

  /** Takes an endpoint out at once; its streams run on to their end. An unknown id is removed already. */
  remove(id: string): void {
    this.#membership.remove(id);
  }

  /**
   * Brings an endpoint on standby to work, until it is put back by call; one that drains takes requests again.
   *
   * @throws InvalidOptionError for an unknown id; what the activation hook threw
   */
  activate(id: string): Promise<void> {
    this.#membership.revive(id);
    return this.#warmPool.activate(id);
  }

  /**
   * Puts an endpoint on standby: no new request until it is activated, by call or because the others need it.
   * Resolves when its streams have ended and the activation hook is done.
   *
   * @throws InvalidOptionError for an unknown id
   */
  standby(id: string): Promise<void> {
    return this.#warmPool.rest(id);
  }

  /**
   * Stops admission, waits for streams, then closes every socket and timer. Calling it again returns the same promise.
   *
   * @param options.drain longest wait for streams in ms; those that still run are cut. Default 0: cut at once
   */
  close(options: { readonly drain?: number } = {}): Promise<void> {
    const { drain = 0 } = options;
    this.#closing ??= closeBalancer(
      { engine: this.#engine, membership: this.#membership, discovery: this.#discovery },
      drain,
    );
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #breakerChanged(endpoint: EndpointState, to: BreakerState): void {
    if (to !== 'open' && to !== 'suspect') return;
    this.#health.watch(endpoint);
    this.#warmPool.review();
    if (to === 'suspect') this.#engine.observers.tell({ type: 'ejection-overflow', endpoint: endpoint.id });
  }
}
