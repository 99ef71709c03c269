import type { Clock } from '../../../src/core/clock.js';
import { kubernetes } from '../../../src/discovery/kubernetes.js';
import { type BalancerEvent, LoadBalancer } from '../../../src/index.js';
import { MockLlmServer, manualClock } from '../../../src/testing/index.js';
import { FakeKubernetes } from '../../support/fake-kubernetes.js';
import { CHAT, chat } from '../../support/fleet.js';
import { endpointSlice, type SliceEndpoint } from '../../support/kubernetes/manifests.js';

export type Conditions = SliceEndpoint['conditions'];

const LOADING: Conditions = { ready: false, serving: false, terminating: false };
const READY: Conditions = { ready: true, serving: true, terminating: false };
const TERMINATING: Conditions = { ready: false, serving: true, terminating: true };

/** A pod: a server of its own port, hence a slice of its own. */
interface Replica {
  readonly server: MockLlmServer;
  readonly id: string;
}

/**
 * A Service of real servers behind a fake API server, and a balancer that follows it. The source is on a clock of its
 * own, which stands still but for its waits.
 */
export class RollingService implements AsyncDisposable {
  readonly fake: FakeKubernetes;
  readonly clock = manualClock();
  readonly balancer: LoadBalancer;
  readonly events: BalancerEvent[] = [];
  readonly #replicas = new Set<Replica>();
  readonly #waiters: (() => void)[] = [];
  /** Attempts under way at each endpoint, those that have left the list included. */
  readonly #outstanding = new Map<string, number>();
  readonly #callers: Promise<void>[] = [];
  #calling = true;
  /** What callers got that was no whole answer. */
  readonly failures: string[] = [];
  /** Whole answers. */
  answers = 0;

  static async start(): Promise<RollingService> {
    return new RollingService(await FakeKubernetes.start());
  }

  private constructor(fake: FakeKubernetes) {
    this.fake = fake;
    const { clock } = this;
    const watched: Clock = {
      ...clock,
      setTimer: (callback, delay) => {
        this.#wake();
        return clock.setTimer(callback, delay);
      },
    };
    this.balancer = new LoadBalancer({
      endpoints: kubernetes('llm', { server: fake.url, clock: watched }),
      // A ramp of half a minute would leave newcomers idle in a test of a few seconds.
      slowStart: false,
    });
    this.balancer.observe((event) => {
      this.events.push(event);
      if (event.type === 'attempt-started') this.#count(event.endpoint, 1);
      if (event.type === 'attempt-settled') this.#count(event.endpoint, -1);
      this.#wake();
    });
  }

  of<Type extends BalancerEvent['type']>(type: Type): Extract<BalancerEvent, { type: Type }>[] {
    return this.events.filter((event) => event.type === type) as Extract<BalancerEvent, { type: Type }>[];
  }

  /** A pod that is there and still loads its model. */
  async create(name: string): Promise<Replica> {
    const server = await MockLlmServer.start({ name, tokens: 6 });
    const replica = { server, id: `${name}:${server.port}` };
    this.#replicas.add(replica);
    this.#publish(replica, LOADING);
    return replica;
  }

  /** Its readiness probe has passed; resolves when the balancer has heard. */
  async ready(replica: Replica): Promise<void> {
    this.#publish(replica, READY);
    await this.until(() => this.#has(replica));
  }

  /**
   * It has been deleted. Its server stops when the balancer has heard and the requests sent until then have been
   * answered: that is what preStop is there to wait for.
   */
  async terminate(replica: Replica): Promise<void> {
    this.#publish(replica, TERMINATING);
    await this.until(() => !this.#has(replica) && (this.#outstanding.get(replica.id) ?? 0) === 0);
    await replica.server.stop();
    this.fake.delete('endpointslices', `llm-${replica.server.name}`);
    this.#replicas.delete(replica);
  }

  /** So many callers, one request after another, half of them streams. */
  call(callers: number): void {
    for (let caller = 0; caller < callers; caller++) this.#callers.push(this.#caller(caller % 2 === 0));
  }

  /** Resolves after so many more answers. */
  answered(more: number): Promise<void> {
    const enough = this.answers + more;
    return this.until(() => this.answers >= enough || this.failures.length > 0);
  }

  async quiet(): Promise<void> {
    this.#calling = false;
    await Promise.all(this.#callers);
  }

  /** Resolves once it holds. The source's clock goes on meanwhile, as far as the source waits for it. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      if (this.clock.pending > 0) await this.clock.advanceAsync(1_000);
      else await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.quiet();
    await this.balancer.close();
    await Promise.all([...this.#replicas].map(({ server }) => server.kill()));
    await this.fake.stop();
  }

  #count(endpoint: string, change: number): void {
    this.#outstanding.set(endpoint, (this.#outstanding.get(endpoint) ?? 0) + change);
  }

  #has({ id }: Replica): boolean {
    return this.balancer.endpoints.some((endpoint) => endpoint.id === id);
  }

  #publish({ server: { name, port } }: Replica, conditions: Conditions): void {
    const endpoints = [{ addresses: ['127.0.0.1'], targetRef: { kind: 'Pod', name }, conditions }];
    this.fake.apply(endpointSlice(`llm-${name}`, { ports: [{ name: 'http', port }], endpoints }));
  }

  async #caller(stream: boolean): Promise<void> {
    while (this.#calling) {
      const failure = await this.#ask(stream).catch((error: unknown) => String(error));
      if (failure === undefined) this.answers++;
      else this.failures.push(failure);
      this.#wake();
    }
  }

  /** What was wrong with the answer. */
  async #ask(stream: boolean): Promise<string | undefined> {
    const response = await this.balancer.fetch(CHAT, chat(stream));
    const text = await response.text();
    const whole = stream ? text.endsWith('data: [DONE]\n\n') : text.includes('"finish_reason"');
    return response.status === 200 && whole ? undefined : `${response.status}: ${text.slice(0, 200)}`;
  }

  #wake(): void {
    for (const waiter of this.#waiters.splice(0)) waiter();
  }
}
