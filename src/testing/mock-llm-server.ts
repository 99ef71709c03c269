import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { systemClock } from '../system.js';
import { Exchange } from './mock/exchange.js';
import type { MockFault, RequestFault } from './mock/fault.js';
import { FaultPlan } from './mock/fault-plan.js';
import { Listener } from './mock/listener.js';
import { type MockLlmServerOptions, type MockSettings, mockSettings } from './mock/options.js';
import { type MockRequest, type MockStats, RequestLog } from './mock/request-log.js';
import { isProbe, Router } from './mock/router.js';
import { ServiceModel } from './mock/service-model.js';

export type { MockError, MockFault, RequestFault } from './mock/fault.js';
export type { MockLlmServerOptions } from './mock/options.js';
export type { MockOutcome, MockRequest, MockStats } from './mock/request-log.js';
export type { MockServiceOptions } from './mock/service-model.js';

const DEFAULT_GUARD = 10_000;

/** As in `stats`, `GET /health` and `GET /metrics` are left out. */
export interface MockServerEvents {
  /** A request has come with its whole body. What it leads to happens before awaiting code goes on. */
  request: [MockRequest];
  /** A client left before its answer's end. */
  aborted: [MockRequest];
  /** A request is over, however it ended; after `aborted`. */
  settled: [MockRequest];
}

/**
 * A server that answers as model servers do (OpenAI chat, completions, responses and embeddings, Anthropic
 * messages, Ollama), at a pace that follows its load, and that fails as it is told to.
 *
 * @example
 * await using server = await MockLlmServer.start({ name: 'a' });
 * server.fault = { kind: 'cut', after: 3 };
 */
export class MockLlmServer extends EventEmitter<MockServerEvents> {
  /** What `GET /health` says: 200 or 503. */
  healthy = true;
  /** As in its answers, to tell servers apart. */
  readonly name: string;
  readonly #settings: MockSettings;
  readonly #log: RequestLog;
  readonly #plan = new FaultPlan();
  readonly #service: ServiceModel;
  readonly #router: Router;
  readonly #listener: Listener;
  readonly #open = new Set<Exchange>();
  #down = false;

  /**
   * Listens on 127.0.0.1.
   * @throws InvalidOptionError for bad options; rejects as `net.Server` does when the port is taken
   */
  static async start(options: MockLlmServerOptions = {}): Promise<MockLlmServer> {
    const server = new MockLlmServer(mockSettings(options));
    await server.#listener.open();
    return server;
  }

  private constructor(settings: MockSettings) {
    super();
    this.name = settings.name;
    this.#settings = settings;
    this.#log = new RequestLog(settings.keepRequests);
    this.#service = new ServiceModel(settings.service, settings.clock);
    this.#router = new Router(settings, this.#service);
    this.#listener = new Listener(settings.port, settings.keepAliveTimeout, {
      request: (request, response) => this.#accept(request, response),
      connections: (change) => this.#log.connections(change),
    });
  }

  /** `http://127.0.0.1:PORT` */
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** On 127.0.0.1. */
  get port(): number {
    return this.#listener.port;
  }

  /** What it has seen so far. */
  get stats(): MockStats {
    return this.#log.stats;
  }

  /** Recent requests, oldest first, but `GET /health` and `GET /metrics`. The records go on changing while they are open. */
  get requests(): readonly MockRequest[] {
    return this.#log.entries;
  }

  /** Applies to every inference request until it is set to `undefined`. Requests under way go on. */
  get fault(): MockFault | undefined {
    return this.#plan.standing;
  }

  set fault(fault: MockFault | undefined) {
    this.#plan.standing = fault;
    if (fault?.kind === 'refuse') this.#listener.close().catch(ignore);
    else if (!this.#down) this.#listener.open().catch(ignore);
  }

  /** Applies to the next `times` (1) requests, before any other fault. */
  faultOnce(fault: RequestFault, times = 1): void {
    this.#plan.add(fault, times);
  }

  /** Asks `choose` for each request's fault; where it has none, `fault` applies. `undefined` ends it. */
  faultWith(choose: ((request: MockRequest) => RequestFault | undefined) | undefined): void {
    this.#plan.chooser = choose;
  }

  /** Takes back `fault`, `faultOnce` and `faultWith`. Resolves when the server listens. */
  async clearFaults(): Promise<void> {
    this.#plan.clear();
    this.fault = undefined;
    await this.ready();
  }

  /** Resolves when the server listens, or refuses, as `fault` asks. Rejects when the port is lost. */
  ready(): Promise<void> {
    return this.#listener.ready;
  }

  /** The text of an answer of so many tokens. Default: the length of an unlimited answer. */
  completionText(tokens: number = this.#settings.tokens): string {
    return this.#settings.text.whole(tokens);
  }

  /** Resolves once `predicate` holds; checked at every change. Rejects after `guard` (10 000) ms. */
  waitFor(predicate: (stats: MockStats) => boolean, guard = DEFAULT_GUARD): Promise<MockStats> {
    return this.#log.waitFor(predicate, guard);
  }

  /** Takes no more connections, lets answers end for up to `drain` (5000) ms, then breaks off the rest. */
  async stop({ drain = 5000 }: { drain?: number } = {}): Promise<void> {
    this.#down = true;
    await this.#listener.close();
    for (const exchange of this.#open) if (exchange.held) exchange.kill();
    const guard = systemClock.setTimer(() => this.#breakAll(), drain);
    await Promise.all([...this.#open].map((exchange) => exchange.over));
    guard.close();
    await this.#disconnect();
  }

  /** As a killed process: every socket is closed at once, and new connections are refused. */
  async kill(): Promise<void> {
    this.#down = true;
    this.#breakAll();
    await this.#listener.close();
    await this.#disconnect();
  }

  /** Listens again on the same port, faults as they were set. */
  async restart(): Promise<void> {
    if (!this.#down) await this.kill();
    this.#down = false;
    if (this.fault?.kind !== 'refuse') await this.#listener.open();
  }

  /** `kill`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }

  #breakAll(): void {
    for (const exchange of this.#open) exchange.kill();
    this.#service.reset();
  }

  async #disconnect(): Promise<void> {
    this.#listener.destroySockets();
    await this.waitFor(({ connections, active }) => connections === 0 && active === 0);
  }

  #accept(request: IncomingMessage, response: ServerResponse): void {
    const exchange = new Exchange(request, response, this.#settings.clock);
    const { entry } = exchange;
    const probe = isProbe(entry);
    this.#open.add(exchange);
    this.#log.open(entry.path, probe);
    response.once('close', () => {
      this.#open.delete(exchange);
      exchange.close();
      this.#log.settle(entry, probe);
      if (probe) return;
      if (entry.closedEarly) this.emit('aborted', entry);
      this.emit('settled', entry);
    });
    // A connection that was busy when the listener closed is no way round it.
    if (this.#down || this.fault?.kind === 'refuse') return exchange.kill();
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('end', () => {
      entry.rawBody = Buffer.concat(chunks);
      const answer = this.#router.route(exchange);
      if (!probe) {
        this.#log.keep(entry);
        this.emit('request', entry);
      }
      entry.fault = this.#plan.take(entry, answer.inference);
      answer.send(this.healthy);
    });
  }
}

/** `ready` tells of it to whoever asks. */
function ignore(): void {}
