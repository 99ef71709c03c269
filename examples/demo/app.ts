import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { LoadBalancer, type LoadBalancerOptions } from 'evenkeel';
import { dashboardHandler } from 'evenkeel/dashboard';
import { expressBalancer, healthHandler, metricsHandler } from 'evenkeel/express';
import { prometheusMetrics } from 'evenkeel/prometheus';
import express from 'express';
import { Registry } from 'prom-client';

/** The application between the users and the servers. */
export interface App {
  readonly url: string;
  readonly balancer: LoadBalancer;
  close(): Promise<void>;
}

/** An Express app whose `/v1` goes to the balancer, with `/health`, `/metrics` and the page at `/_balancer` beside it. */
export async function startApp(options: LoadBalancerOptions): Promise<App> {
  const balancer = new LoadBalancer(options);
  const registry = new Registry();
  prometheusMetrics(balancer, { registry });
  const app = express();
  app.get('/health', healthHandler(balancer));
  app.get('/metrics', metricsHandler(registry));
  // Anybody may look: it listens on 127.0.0.1 alone, and nothing can be changed.
  app.use('/_balancer', dashboardHandler(balancer, { authorize: () => true }));
  app.use('/v1', expressBalancer(balancer));
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    balancer,
    async close() {
      await balancer.close({ drain: 5_000 });
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
