/**
 * A Hono app in front of model servers. The handler takes a web-standard Request and gives a Response, so it fits
 * a Next route handler as well. Tries itself out on mock servers and ends:
 *
 *     npx tsx examples/hono.ts
 *
 * Given servers, it serves on port 3000 (PORT) until it is told to stop:
 *
 *     npx tsx examples/hono.ts http://10.0.1.10:8000 http://10.0.1.11:8000
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { LoadBalancer } from 'evenkeel';
import { MockLlmServer } from 'evenkeel/testing';
import { healthHandler, webHandler } from 'evenkeel/web';
import { Hono } from 'hono';

const urls = process.argv.slice(2);
const trial = urls.length === 0;
const mocks = trial ? await Promise.all([MockLlmServer.start(), MockLlmServer.start()]) : [];

const balancer = new LoadBalancer({
  endpoints: [...urls, ...mocks.map(({ url }) => url)].map((url) => ({ url })),
});
const llm = webHandler(balancer, { stripPrefix: '/llm' });

const app = new Hono();
app.get('/health', healthHandler(balancer));
// The caller's `/llm/v1/models` is `/v1/models` at the endpoint.
app.all('/llm/*', (context) => llm(context.req.raw));

const server = serve({ fetch: app.fetch, port: trial ? 0 : Number(process.env.PORT ?? 3000) });
if (!server.listening) await once(server, 'listening');
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
console.log(`Listening on ${origin}`);

async function stop(): Promise<void> {
  server.close();
  await balancer.close({ drain: 60_000 });
  await Promise.all(mocks.map((mock) => mock.stop()));
}

if (trial) {
  const answer = await fetch(`${origin}/llm/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'mock-model',
      stream: true,
      messages: [{ role: 'user', content: 'Hello' }],
    }),
  });
  console.log(`${answer.status} ${answer.headers.get('content-type')}`);
  const text = await answer.text();
  console.log(
    `${text.match(/^data: /gm)?.length ?? 0} events, the last of them: ${text.trim().split('\n').at(-1)}`,
  );
  await stop();
} else {
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}
