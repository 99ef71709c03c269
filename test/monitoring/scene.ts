import { setMaxListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { type EndpointConfig, LoadBalancer, type LoadBalancerOptions } from 'evenkeel';
import { type MockFault, MockLlmServer, type MockLlmServerOptions } from 'evenkeel/testing';

interface SceneOptions extends Omit<LoadBalancerOptions, 'endpoints'> {
  readonly servers?: readonly MockLlmServerOptions[];
  readonly endpoint?: (index: number) => Partial<EndpointConfig>;
}

/** A balancer over mock servers, with callers that keep asking. Endpoints are `s0`, `s1` … */
export class Scene implements AsyncDisposable {
  readonly name: string;
  readonly servers: readonly MockLlmServer[];
  readonly balancer: LoadBalancer;
  readonly #stop = new AbortController();
  readonly #callers: Promise<void>[] = [];
  readonly #ends: (() => Promise<void>)[] = [];

  static async open(
    name: string,
    { servers = [{}], endpoint, ...options }: SceneOptions = {},
  ): Promise<Scene> {
    const started = await Promise.all(servers.map((server) => MockLlmServer.start(server)));
    const endpoints = started.map(({ url }, index) => ({ url, id: `s${index}`, ...endpoint?.(index) }));
    return new Scene(name, started, new LoadBalancer({ endpoints, ...options }));
  }

  private constructor(name: string, servers: readonly MockLlmServer[], balancer: LoadBalancer) {
    setMaxListeners(0, this.#stop.signal);
    this.name = name;
    this.servers = servers;
    this.balancer = balancer;
  }

  /** Every server has this fault from now on. */
  suffer(fault: MockFault | undefined): void {
    for (const server of this.servers) server.fault = fault;
  }

  /** Called at the end. */
  after(end: () => Promise<void>): void {
    this.#ends.push(end);
  }

  /** One more caller, who asks again `gap` ms after each answer, while `going` says so. */
  call({ path = '/v1/chat/completions', stream = false, gap = 20, going = (): boolean => true } = {}): void {
    const { signal } = this.#stop;
    const ask = async () => {
      while (!signal.aborted && going()) {
        await this.ask(path, stream);
        await pause(gap);
      }
    };
    this.#callers.push(ask());
  }

  /** One request, whatever comes of it. */
  async ask(path: string, stream: boolean): Promise<void> {
    try {
      const response = await this.balancer.fetch(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'mock-model', stream, prompt: 'Hi', messages: [] }),
        signal: this.#stop.signal,
      });
      await response.text();
    } catch {
      // A broken stream, or the end.
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#callers);
    await this.balancer.close();
    await Promise.all([...this.servers.map((server) => server.kill()), ...this.#ends.map((end) => end())]);
  }
}
