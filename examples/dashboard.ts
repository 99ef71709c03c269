/**
 * The live page of a balancer, for those who may see it. Tries itself out on mock servers and ends:
 *
 *     npx tsx examples/dashboard.ts
 *
 * Given servers, it serves on port 3000 (PORT) until it is told to stop; the page is at /_balancer:
 *
 *     DASHBOARD_KEY=… npx tsx examples/dashboard.ts http://10.0.1.10:8000 http://10.0.1.11:8000
 */
import { timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LoadBalancer } from 'evenkeel';
import { dashboardHandler } from 'evenkeel/dashboard';
import { expressBalancer } from 'evenkeel/express';
import { MockLlmServer } from 'evenkeel/testing';
import express from 'express';

const urls = process.argv.slice(2);
const trial = urls.length === 0;
const mocks = trial ? await Promise.all([MockLlmServer.start(), MockLlmServer.start()]) : [];
const key = trial ? 'a key for the trial' : process.env.DASHBOARD_KEY;
if (!key) throw new Error('DASHBOARD_KEY is the password of the page: set it');

const balancer = new LoadBalancer({
  endpoints: [...urls, ...mocks.map(({ url }) => url)].map((url) => ({ url })),
});

/** Basic authentication, which browsers ask for by themselves. Your own session or single sign-on serves as well. */
function mayOperate({ headers }: IncomingMessage): boolean {
  const expected = Buffer.from(`Basic ${Buffer.from(`operator:${key}`).toString('base64')}`);
  const given = Buffer.from(headers.authorization ?? '');
  return given.length === expected.length && timingSafeEqual(given, expected);
}

const app = express();
app.use('/_balancer', (request, response, next) => {
  if (!mayOperate(request))
    response.setHeader('www-authenticate', 'Basic realm="evenkeel"').status(401).end();
  else next();
});
app.use('/_balancer', dashboardHandler(balancer, { authorize: mayOperate, actions: true }));
app.use('/v1', expressBalancer(balancer));

const server = app.listen(trial ? 0 : Number(process.env.PORT ?? 3000));
await once(server, 'listening');
const page = `http://127.0.0.1:${(server.address() as AddressInfo).port}/_balancer`;
console.log(`The page is at ${page}`);

async function stop(): Promise<void> {
  server.close();
  // Ends the feeds of open pages as well.
  await balancer.close({ drain: 60_000 });
  await Promise.all(mocks.map((mock) => mock.stop()));
}

if (trial) {
  console.log(`A stranger gets ${(await fetch(page)).status}`);
  const authorization = `Basic ${Buffer.from(`operator:${key}`).toString('base64')}`;
  const answer = await fetch(page, { headers: { authorization, accept: 'application/json' } });
  const state = (await answer.json()) as { available: number; endpoints: unknown[] };
  console.log(`The operator sees ${state.available} of ${state.endpoints.length} endpoints available`);
  await stop();
} else {
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}
