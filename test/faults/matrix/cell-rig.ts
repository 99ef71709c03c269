import { type BalancerEvent, LoadBalancer, type LoadBalancerOptions } from 'evenkeel';
import { MockLlmServer, type MockRequest, seededRandom } from 'evenkeel/testing';
import { type Asking, type Caller, FACADES, type FacadeName } from './callers.js';
import { LARGE_TEXT } from './cases.js';
import { quiet, VirtualTime } from './virtual-time.js';

/** Milliseconds of the servers' own time between two tokens: each reaches the caller before the next is sent. */
const STEP = 10;
const TOKENS = 6;
/** A longer jump of the balancer's clock means that a time limit runs out. */
const LONG = 1000;
const QUIET_TURNS = 3;
/** Before a time limit may run out it must be certain that nothing is on its way. */
const LONG_QUIET_TURNS = 25;

interface RigOptions {
  readonly facade: FacadeName;
  /** How many servers there are. Default 2. */
  readonly servers?: number;
  readonly large?: boolean;
  /** Length of an answer. Default 6. */
  readonly tokens?: number;
  readonly balancing?: Omit<LoadBalancerOptions, 'endpoints'> & { readonly maxOutstanding?: number };
}

/** What is still there when it should not be; all zero. */
export type Left = Readonly<
  Record<'outstanding' | 'queued' | 'open exchanges' | 'sockets' | 'timers', number>
>;

/** Mock servers, a balancer that tries them in order, and a facade; the clock is theirs, the sockets are real. */
export class CellRig {
  readonly time: VirtualTime;
  readonly events: BalancerEvent[] = [];
  /** The first server's exchanges, in the order in which they ended. */
  readonly exchanges: MockRequest[] = [];
  /** Real milliseconds from the end of an attempt, or the caller's leaving, to the end of its exchange. */
  readonly closing: number[] = [];
  readonly servers: readonly MockLlmServer[];
  readonly balancer: LoadBalancer;
  readonly caller: Caller;
  /** What a whole answer says. */
  readonly text: string;
  readonly #endedAt = new Map<string, number>();

  static async open(options: RigOptions): Promise<CellRig> {
    const time = new VirtualTime();
    const names = ['first', 'second'].slice(0, options.servers);
    const settings = {
      clock: time.servers,
      service: { stepTime: STEP },
      ...(options.large ? { text: LARGE_TEXT } : { tokens: options.tokens ?? TOKENS }),
    };
    const servers = await Promise.all(names.map((name) => MockLlmServer.start({ ...settings, name })));
    const { maxOutstanding, ...balancing } = options.balancing ?? {};
    const balancer = new LoadBalancer({
      endpoints: servers.map(({ url, name }) => ({ url, id: name, maxOutstanding })),
      policy: { name: 'in order', select: ([candidate]) => candidate },
      // A state then tells whether an attempt counted as a fault.
      breaker: { consecutiveFailures: 1 },
      clock: time,
      random: seededRandom(5),
      ...balancing,
    });
    const caller = await FACADES[options.facade](balancer);
    // Of an endless answer only the beginning is ever seen.
    const length = options.tokens === Number.POSITIVE_INFINITY ? 100 : undefined;
    return new CellRig({ time, servers, balancer, caller, text: servers[0]?.completionText(length) ?? '' });
  }

  private constructor(parts: Pick<CellRig, 'time' | 'servers' | 'balancer' | 'caller' | 'text'>) {
    const { servers, balancer } = parts;
    this.time = parts.time;
    this.servers = servers;
    this.balancer = balancer;
    this.caller = parts.caller;
    this.text = parts.text;
    balancer.observe((event) => {
      this.events.push(event);
      if (event.type === 'attempt-settled') this.#endedAt.set(event.endpoint, performance.now());
    });
    for (const server of servers) {
      server.on('settled', (exchange) => {
        if (server === servers[0]) this.exchanges.push(exchange);
        const endedAt = this.#endedAt.get(server.name);
        if (exchange.closedEarly) this.closing.push(performance.now() - (endedAt ?? Number.NaN));
      });
    }
  }

  /** Lets time pass, from one timer to the next and never while something is on its way, until `done`. */
  async runUntil(asking: Asking, done: () => boolean): Promise<void> {
    const state = () => this.#state(asking);
    for (;;) {
      await quiet(state, QUIET_TURNS);
      if (done()) return;
      if (this.isLimitNext) {
        await quiet(state, LONG_QUIET_TURNS);
        if (done()) return;
        // An endpoint that is well has its answer on the way, however long this machine takes over it.
        if (this.#isWellOneBusy()) continue;
      }
      this.time.next();
    }
  }

  /** Nothing happens by itself before a time limit of the balancer runs out. */
  get isLimitNext(): boolean {
    const { upcoming } = this.time;
    return upcoming !== undefined && !upcoming.servers && upcoming.wait > LONG;
  }

  /** Nothing happens for a second or more. */
  get isWaiting(): boolean {
    return (this.time.upcoming?.wait ?? LONG) >= LONG;
  }

  /** Closes everything. @returns what is left over */
  async close(): Promise<Left> {
    const { outstanding, queued } = this.balancer.snapshot();
    const views = this.balancer.endpoints.reduce((sum, endpoint) => sum + endpoint.outstanding, 0);
    const exchanges = await this.#leftOf('active');
    await this.caller[Symbol.asyncDispose]();
    await this.balancer.close();
    const sockets = await this.#leftOf('connections');
    // A server's own clock may be in the middle of a step.
    for (const server of this.servers) await server.kill();
    const timers = this.time.pending;
    return { outstanding: outstanding + views, queued, 'open exchanges': exchanges, sockets, timers };
  }

  /** What remains of a count that must fall to 0. */
  async #leftOf(count: 'active' | 'connections'): Promise<number> {
    let sum = 0;
    for (const server of this.servers) {
      await server.waitFor((stats) => stats[count] === 0, 5000).catch(() => {});
      sum += server.stats[count];
    }
    return sum;
  }

  #isWellOneBusy(): boolean {
    return this.servers.some(
      ({ fault, name }) =>
        fault === undefined &&
        this.balancer.endpoints.some(({ id, outstanding }) => id === name && outstanding > 0),
    );
  }

  #state(asking: Asking): string {
    const servers = this.servers.map(({ stats }) => [stats.requests, stats.active, stats.connections]);
    return [servers, this.events.length, asking.received, this.time.pending].join();
  }
}
