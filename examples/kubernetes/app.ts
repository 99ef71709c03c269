/**
 * The app of app.yaml: an HTTP server that balances over the pods of the Services `vllm` and `vllm-warm`.
 *
 * In the cluster it needs nothing but its ServiceAccount. Outside, through `kubectl proxy`:
 *
 *     KUBERNETES_API=http://127.0.0.1:8001 npx tsx examples/kubernetes/app.ts
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { LoadBalancer } from 'evenkeel';
import { kubernetes } from 'evenkeel/discovery/kubernetes';
import { expressBalancer, healthHandler } from 'evenkeel/express';
import express from 'express';

const balancer = new LoadBalancer({
  endpoints: kubernetes(['vllm', 'vllm-warm'], { server: process.env.KUBERNETES_API }),
});
balancer.observe({
  'discovery-updated': ({ endpoints }) => console.log(`${endpoints} endpoints`),
  'discovery-failed': ({ error }) => console.error(error.message),
});

const app = express();
app.get('/health', healthHandler(balancer));
app.use('/v1', expressBalancer(balancer));

const server = app.listen(Number(process.env.PORT ?? 3000));
await once(server, 'listening');
console.log(`Listening on port ${(server.address() as AddressInfo).port}`);

process.once('SIGTERM', async () => {
  server.close();
  // Within terminationGracePeriodSeconds of app.yaml, preStop included.
  await balancer.close({ drain: 600_000 });
  server.closeAllConnections();
});
