import { expect } from 'vitest';
import {
  type BalancerEvent,
  type EndpointConfig,
  LoadBalancer,
  type LoadBalancerOptions,
} from '../../src/index.js';
import { MockLlmServer, type MockLlmServerOptions } from '../../src/testing/index.js';
import { Waiters } from './waiters.js';

interface FleetOptions extends Omit<LoadBalancerOptions, 'endpoints'> {
  /** One entry a server. Default: two servers with nothing special. */
  readonly servers?: readonly MockLlmServerOptions[];
  /** What the endpoint of server `index` has beside its url. */
  readonly endpoint?: (index: number) => Partial<EndpointConfig>;
}

/** Mock servers named `s0`, `s1` …, which are also their endpoints' ids, and a balancer over them. */
export class Fleet implements AsyncDisposable {
  readonly servers: readonly MockLlmServer[];
  readonly balancer: LoadBalancer;
  readonly events: BalancerEvent[] = [];
  readonly #waiters = new Waiters();

  static async start({ servers = [{}, {}], endpoint, ...options }: FleetOptions = {}): Promise<Fleet> {
    const started = await Promise.all(
      servers.map((server, index) => MockLlmServer.start({ name: `s${index}`, ...server })),
    );
    const endpoints = started.map(({ url, name }, index) => ({ url, id: name, ...endpoint?.(index) }));
    return new Fleet(started, new LoadBalancer({ endpoints, ...options }));
  }

  private constructor(servers: readonly MockLlmServer[], balancer: LoadBalancer) {
    this.servers = servers;
    this.balancer = balancer;
    const check = () => this.#waiters.moved();
    balancer.observe((event) => {
      this.events.push(event);
      check();
    });
    for (const server of servers) server.on('request', check).on('settled', check);
  }

  server(index: number): MockLlmServer {
    const server = this.servers[index];
    if (server === undefined) throw new Error(`There is no server ${index}`);
    return server;
  }

  /** Requests that the servers have seen, all together. */
  get served(): number {
    return this.servers.reduce((sum, { stats }) => sum + stats.requests, 0);
  }

  of<Type extends BalancerEvent['type']>(type: Type): Extract<BalancerEvent, { type: Type }>[] {
    return this.events.filter((event) => event.type === type) as Extract<BalancerEvent, { type: Type }>[];
  }

  /** Resolves once `holds`, asked now and after every event of the balancer and of the servers. */
  until(holds: () => boolean): Promise<void> {
    return this.#waiters.until(holds);
  }

  /** Nothing is left over: no lease, no queue entry, no request on a server, and after `close` no socket. */
  async settled(): Promise<void> {
    const { balancer } = this;
    await this.until(() => balancer.snapshot().outstanding === 0 && balancer.snapshot().queued === 0);
    for (const { id, outstanding } of balancer.endpoints)
      expect({ id, outstanding }).toEqual({ id, outstanding: 0 });
    await Promise.all(this.servers.map((server) => server.waitFor(({ active }) => active === 0)));
    await balancer.close();
    await Promise.all(this.servers.map((server) => server.waitFor(({ connections }) => connections === 0)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.balancer.close();
    await Promise.all(this.servers.map((server) => server.kill()));
  }
}

/** The body of a chat request. */
export function chat(stream: boolean, extra: Record<string, unknown> = {}): RequestInit {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'mock-model',
      stream,
      messages: [{ role: 'user', content: 'Hello' }],
      ...extra,
    }),
  };
}

export const CHAT = '/v1/chat/completions';
