/**
 * Traces: a span for each request, one beneath it for each attempt, and the attempt's context sent on to its endpoint.
 * Runs as it stands; prints what an exporter would send:
 *
 *     npx tsx examples/opentelemetry.ts
 */
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { LoadBalancer } from 'evenkeel';
import { MockLlmServer } from 'evenkeel/testing';
import { BalancerTracing } from './opentelemetry/tracing.js';

// In production: a BatchSpanProcessor over an OTLPTraceExporter.
const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
provider.register();

const broken = await MockLlmServer.start({ name: 'broken' });
const sound = await MockLlmServer.start({ name: 'sound' });
broken.fault = { kind: 'status', status: 500 };

const tracing = new BalancerTracing();
const balancer = new LoadBalancer({
  endpoints: [
    { url: broken.url, id: 'broken' },
    { url: sound.url, id: 'sound', tier: 1 },
  ],
  attemptHeaders: tracing.attemptHeaders,
});
tracing.watch(balancer);

const response = await balancer.fetch('/v1/chat/completions', {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ model: 'mock-model', messages: [{ role: 'user', content: 'Hi' }] }),
});
await response.text();
await balancer.close();

for (const { name, attributes } of exporter.getFinishedSpans()) console.log(name, attributes);
console.log('The sound one was asked with traceparent', sound.requests[0]?.headers.traceparent);
await provider.shutdown();
await Promise.all([broken.stop(), sound.stop()]);
