import type { Clock } from '../../src/core/clock.js';
import type { OpenChannel } from '../../src/core/transport.js';
import { type BalancerEvent, LoadBalancer, type LoadBalancerOptions } from '../../src/index.js';
import { type ManualClock, manualClock, seededRandom } from '../../src/testing/index.js';
import { FakeCall } from './fake-wire.js';
import { CHAT, chat } from './fleet.js';

/** What a server does with a request that has come to it. */
export type Behaviour = (call: FakeCall, clock: Clock) => void;

/** Answers in full after so many milliseconds. */
export const answersIn =
  (delay: number): Behaviour =>
  (call, clock) => {
    call.sent();
    clock.setTimer(() => call.stream(), delay);
  };
export const answers500In =
  (delay: number): Behaviour =>
  (call, clock) => {
    call.sent();
    clock.setTimer(() => call.status(500), delay);
  };
/** Takes the connection and never says a word. */
export const neverAnswers: Behaviour = (call) => void call.sent();
export const refuses: Behaviour = (call) => call.fail('ECONNREFUSED');

/** One server in virtual time. */
export interface VirtualServer {
  does: Behaviour;
  /** Of its health check. */
  health: Behaviour;
  /** Times at which requests came, probes apart. */
  readonly requests: number[];
  probes: number;
}

/** What a caller saw. */
export interface Seen {
  readonly at: number;
  readonly duration: number;
  readonly status: number;
  readonly attempts: number;
  readonly retryAfterMs: string | null;
}

/** Servers without sockets and callers without waits: hours of load in a second. For use with a mocked `openUndiciChannel`. */
export class VirtualServers {
  readonly clock: ManualClock = manualClock();
  readonly #servers = new Map<string, VirtualServer>();

  /** Hand this out in place of `openUndiciChannel`. */
  readonly open: OpenChannel = (url) => {
    const server = this.server(url);
    // Those under way alone: to keep every call was most of the work of collecting garbage.
    const live = new Set<FakeCall>();
    let drained = () => {};
    return {
      send: (request, handler) => {
        const call = new FakeCall(url, request, handler);
        live.add(call);
        call.onOver = () => {
          live.delete(call);
          if (live.size === 0) drained();
        };
        const probe = request.path !== CHAT;
        if (probe) server.probes++;
        else server.requests.push(this.clock.now());
        // What a server does comes after `send` has returned, as on a network.
        this.clock.setTimer(() => (probe ? server.health : server.does)(call, this.clock), 0);
        return call;
      },
      close: () =>
        new Promise((resolve) => {
          drained = resolve;
          if (live.size === 0) resolve();
        }),
      async destroy() {
        for (const call of [...live]) call.fail('UND_ERR_DESTROYED');
      },
    };
  };

  /** The server at a url; made, healthy and quick, at the first mention. */
  server(url: string): VirtualServer {
    let server = this.#servers.get(url);
    if (server === undefined) {
      server = {
        does: answersIn(100),
        health: (call) => call.json(),
        requests: [],
        probes: 0,
      };
      this.#servers.set(url, server);
    }
    return server;
  }

  /** Requests that all servers together got in [from, to). */
  attempts(from: number, to: number): number {
    let count = 0;
    for (const { requests } of this.#servers.values())
      count += requests.filter((at) => at >= from && at < to).length;
    return count;
  }

  balancer(options: LoadBalancerOptions, seed: number): LoadBalancer {
    return new LoadBalancer({ clock: this.clock, random: seededRandom(seed), ...options });
  }

  /** The same, with all of its events: hours of them are much to keep. */
  balance(options: LoadBalancerOptions, seed: number) {
    const events: (BalancerEvent & { readonly at: number })[] = [];
    const balancer = this.balancer(options, seed);
    balancer.observe((event) => events.push({ ...event, at: this.clock.now() }));
    return { balancer, events };
  }

  /** One caller, who reads the answer to its end. */
  async ask(balancer: LoadBalancer): Promise<Seen> {
    const at = this.clock.now();
    const response = await balancer.fetch(CHAT, chat(true));
    await response.text();
    return {
      at,
      duration: this.clock.now() - at,
      status: response.status,
      attempts: Number(response.headers.get('x-evenkeel-attempts')),
      retryAfterMs: response.headers.get('retry-after-ms'),
    };
  }

  /** A new caller every `interval` ms for `duration` ms; resolves at the end of that time, with all that were answered by then. */
  async load(balancer: LoadBalancer, interval: number, duration: number): Promise<Seen[]> {
    const seen: Seen[] = [];
    const end = this.clock.now() + duration;
    while (this.clock.now() < end) {
      void this.ask(balancer).then((one) => seen.push(one));
      await this.clock.advanceAsync(Math.min(interval, end - this.clock.now()));
    }
    return seen;
  }
}
