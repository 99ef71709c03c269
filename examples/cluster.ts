/**
 * Two processes of `node:cluster` serve one port, each with a balancer of its own over the same model servers.
 * Nothing is shared between them: `share` divides every `maxOutstanding`, and each keeps its part.
 *
 * Starts two mock servers, or uses yours:
 *
 *     npx tsx examples/cluster.ts
 *     ENDPOINTS=http://10.0.1.10:8000,http://10.0.1.11:8000 MODEL=llama-3.1-8b npx tsx examples/cluster.ts
 */
import cluster from 'node:cluster';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LoadBalancer } from 'evenkeel';
import { expressBalancer } from 'evenkeel/express';
import { MockLlmServer } from 'evenkeel/testing';
import express from 'express';

const WORKERS = 2;

if (cluster.isPrimary) await primary();
else await worker();

async function primary(): Promise<void> {
  const given = process.env.ENDPOINTS?.split(',');
  const mocks = given ? [] : await Promise.all([MockLlmServer.start(), MockLlmServer.start()]);
  const urls = given ?? mocks.map(({ url }) => url);

  const workers = Array.from({ length: WORKERS }, () => cluster.fork({ ENDPOINTS: urls.join() }));
  const ports = await Promise.all(
    workers.map(async (each) => ((await once(each, 'message')) as [{ port: number }])[0].port),
  );
  console.log(`${WORKERS} processes, ${new Set(ports).size} port`);

  const answers = await Promise.all(
    Array.from({ length: 8 }, () =>
      fetch(`http://127.0.0.1:${ports[0]}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          model: process.env.MODEL ?? 'mock-model',
          messages: [{ role: 'user', content: 'Why is the sky blue?' }],
        }),
      }),
    ),
  );
  console.log(`${answers.filter(({ ok }) => ok).length} of ${answers.length} answered`);
  console.log(`Processes at work: ${new Set(answers.map(({ headers }) => headers.get('x-process'))).size}`);

  // Each finishes what it has begun, then leaves.
  for (const each of workers) each.send('stop');
  await Promise.all(workers.map((each) => once(each, 'exit')));
  await Promise.all(mocks.map((mock) => mock.stop()));
}

async function worker(): Promise<void> {
  const urls = (process.env.ENDPOINTS ?? '').split(',');
  const balancer = new LoadBalancer({
    // The server takes 64: each of the two processes sends it 32 at most.
    endpoints: urls.map((url) => ({ url, maxOutstanding: 64 })),
    share: WORKERS,
  });
  const app = express();
  app.use((_request, response, next) => {
    response.setHeader('x-process', String(process.pid));
    next();
  });
  app.use('/v1', expressBalancer(balancer));

  // The primary listens, and hands each connection to one of the workers in turn.
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  process.send?.({ port: (server.address() as AddressInfo).port });
  await once(process, 'message');
  server.close();
  server.closeIdleConnections();
  await balancer.close({ drain: 10_000 });
  process.disconnect();
}
