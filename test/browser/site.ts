import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type DashboardBalancer, type DashboardOptions, dashboardHandler } from 'evenkeel/dashboard';

/** A server that shows a dashboard, and can be stopped and started again at the same port. */
export class DashboardSite implements AsyncDisposable {
  readonly #balancer: DashboardBalancer;
  readonly #options: DashboardOptions<never>;
  #server: Server;
  #port = 0;

  static async open(
    balancer: DashboardBalancer,
    options: DashboardOptions<never> = {},
  ): Promise<DashboardSite> {
    const site = new DashboardSite(balancer, options);
    await site.start();
    return site;
  }

  private constructor(balancer: DashboardBalancer, options: DashboardOptions<never>) {
    this.#balancer = balancer;
    this.#options = { interval: 100, ...options };
    this.#server = createServer();
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/_balancer`;
  }

  async start(): Promise<void> {
    // A new handler: nothing of the old one, its token least of all, is known to the new one.
    const handler = dashboardHandler(this.#balancer, this.#options);
    this.#server = createServer((request, response) => handler(request, response, () => response.destroy()));
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
