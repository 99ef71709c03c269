/** A process whose workers, of `node:cluster`, serve one port with a balancer each. */
import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LoadBalancer } from 'evenkeel';
import { expressBalancer } from 'evenkeel/express';
import express from 'express';
import { cpuTime, serveParent } from '../harness/serve-parent.js';

const [workers = '1', urlList = '[]'] = process.argv.slice(2);

if (cluster.isPrimary) {
  const all = Array.from({ length: Number(workers) }, () => cluster.fork());
  const urls = await Promise.all(all.map((worker) => told<string>(worker)));
  serveParent({ url: urls[0] }, async () => {
    const times = await Promise.all(
      all.map((worker) => {
        worker.send('cpu');
        return told<number>(worker);
      }),
    );
    return times.reduce((sum, time) => sum + time, cpuTime());
  });
} else {
  const urls: readonly string[] = JSON.parse(urlList);
  const balancer = new LoadBalancer({ endpoints: urls.map((url) => ({ url })), share: Number(workers) });
  const app = express().disable('x-powered-by');
  app.use('/v1', expressBalancer(balancer));
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  process.on('message', () => process.send?.(cpuTime()));
}

async function told<T>(worker: Worker): Promise<T> {
  const [message] = await once(worker, 'message');
  return message as T;
}
