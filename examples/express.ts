/**
 * An Express app in front of model servers, with health and metrics. Tries itself out on mock servers and ends:
 *
 *     npx tsx examples/express.ts
 *
 * Given servers, it serves on port 3000 (PORT) until it is told to stop:
 *
 *     npx tsx examples/express.ts http://10.0.1.10:8000 http://10.0.1.11:8000
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { LoadBalancer } from 'evenkeel';
import { expressBalancer, healthHandler, metricsHandler } from 'evenkeel/express';
import { prometheusMetrics } from 'evenkeel/prometheus';
import { MockLlmServer } from 'evenkeel/testing';
import express from 'express';
import OpenAI from 'openai';

const urls = process.argv.slice(2);
const trial = urls.length === 0;
const mocks = trial ? await Promise.all([MockLlmServer.start(), MockLlmServer.start()]) : [];

const balancer = new LoadBalancer({
  endpoints: [...urls, ...mocks.map(({ url }) => url)].map((url) => ({ url })),
});
const { registry } = prometheusMetrics(balancer);

const app = express();
app.get('/health', healthHandler(balancer));
app.get('/metrics', metricsHandler(registry));
// Before `express.json()`: bodies then pass as they are, unparsed.
app.use('/v1', expressBalancer(balancer));
app.use(express.json());
// … your own routes

const server = app.listen(trial ? 0 : Number(process.env.PORT ?? 3000));
await once(server, 'listening');
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
console.log(`Listening on ${origin}`);

async function stop(): Promise<void> {
  server.close();
  // No new requests; streams have a minute to end.
  await balancer.close({ drain: 60_000 });
  await Promise.all(mocks.map((mock) => mock.stop()));
}

if (trial) {
  // Any client in any language can use it now; it need not retry, for the balancer does.
  const client = new OpenAI({ apiKey: 'unused', baseURL: `${origin}/v1`, maxRetries: 0 });
  const stream = await client.chat.completions.create({
    model: 'mock-model',
    messages: [{ role: 'user', content: 'Why is the sky blue?' }],
    stream: true,
  });
  for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? '');
  console.log();

  const health = await fetch(`${origin}/health`);
  console.log(`/health says ${health.status}`);
  const metrics = await (await fetch(`${origin}/metrics`)).text();
  console.log(
    metrics
      .split('\n')
      .filter((line) => line.startsWith('evenkeel_http_requests_total'))
      .join('\n'),
  );
  await stop();
} else {
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}
