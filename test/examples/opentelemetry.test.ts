import { inspect } from 'node:util';
import { SpanStatusCode, trace } from '@opentelemetry/api';
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { BalancerTracing } from '../../examples/opentelemetry/tracing.js';
import { CHAT, chat, Fleet } from '../support/fleet.js';
import { bundled, runNode } from '../support/programs.js';

const EXAMPLE = 'examples/opentelemetry.ts';
const bundle = bundled(EXAMPLE);

const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
provider.register();
beforeEach(() => exporter.reset());
afterAll(() => provider.shutdown());

async function traced(): Promise<Fleet> {
  const tracing = new BalancerTracing();
  const fleet = await Fleet.start({
    endpoint: (index) => ({ tier: index }),
    retry: { backoff: { base: 0, cap: 0 } },
    attemptHeaders: tracing.attemptHeaders,
  });
  tracing.watch(fleet.balancer);
  return fleet;
}

const isAttempt = (span: ReadableSpan) => 'evenkeel.endpoint' in span.attributes;

function spans() {
  const finished = exporter.getFinishedSpans();
  const request = finished.find((span) => 'gen_ai.operation.name' in span.attributes);
  if (request === undefined) throw new Error('no request span');
  return { request, attempts: finished.filter(isAttempt) };
}

const traceparent = ({ traceId, spanId }: { traceId: string; spanId: string }) =>
  `00-${traceId}-${spanId}-01`;

describe('the OpenTelemetry example', () => {
  it('runs as it stands', { timeout: 60_000 }, async () => {
    const { code, output, errors } = await runNode([bundle(EXAMPLE)]);
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    expect(output).toMatch(/traceparent 00-\w+-\w+-01/);
  });

  it('gives a request a span, and each attempt one beneath it whose context its endpoint gets', async () => {
    await using fleet = await traced();
    fleet.server(0).fault = { kind: 'status', status: 500 };
    await (await fleet.balancer.fetch(CHAT, chat(false))).text();
    await fleet.settled();
    const { request, attempts } = spans();
    expect(request.name).toBe('chat mock-model');
    expect(request.attributes).toMatchObject({
      'gen_ai.request.model': 'mock-model',
      'http.response.status_code': 200,
      'evenkeel.attempts': 2,
    });
    expect(attempts.map(({ attributes }) => attributes['evenkeel.endpoint'])).toEqual(['s0', 's1']);
    expect(attempts.map(({ attributes }) => attributes['http.request.resend_count'])).toEqual([undefined, 1]);
    expect(attempts[0]).toMatchObject({
      status: { code: SpanStatusCode.ERROR },
      attributes: { 'error.type': '500', 'server.port': fleet.server(0).port, 'url.path': CHAT },
    });
    expect(attempts[1]?.attributes).toMatchObject({ 'gen_ai.usage.output_tokens': 16 });
    for (const [index, attempt] of attempts.entries()) {
      expect(attempt.parentSpanContext?.spanId).toBe(request.spanContext().spanId);
      expect(fleet.server(index).requests[0]?.headers.traceparent).toBe(traceparent(attempt.spanContext()));
    }
  });

  it('puts the request under the span that is active where it is made', async () => {
    await using fleet = await traced();
    const outer = await trace.getTracer('test').startActiveSpan('outer', async (span) => {
      await (await fleet.balancer.fetch(CHAT, chat(false))).text();
      span.end();
      return span;
    });
    expect(spans().request.parentSpanContext).toMatchObject(outer.spanContext());
  });

  it("continues the trace of a caller's traceparent where no span is active", async () => {
    await using fleet = await traced();
    const caller = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };
    const call = chat(false);
    const headers = { 'content-type': 'application/json', traceparent: traceparent(caller) };
    await (await fleet.balancer.fetch(CHAT, { ...call, headers })).text();
    const { request, attempts } = spans();
    expect(request.parentSpanContext).toMatchObject(caller);
    expect(fleet.server(0).requests[0]?.headers.traceparent).toBe(
      traceparent({ ...caller, spanId: attempts[0]?.spanContext().spanId ?? '' }),
    );
  });

  it('marks a stream that broke off, and keeps what was said out of all spans', async () => {
    await using fleet = await traced();
    fleet.server(0).fault = { kind: 'cut', after: 3 };
    const call = chat(true, { messages: [{ role: 'user', content: 'canary-prompt' }] });
    const headers = { 'content-type': 'application/json', authorization: 'Bearer canary-key' };
    const response = await fleet.balancer.fetch(`${CHAT}?key=canary-query`, { ...call, headers });
    await expect(response.text()).rejects.toThrow();
    await fleet.settled();
    const { request, attempts } = spans();
    expect(request).toMatchObject({
      status: { code: SpanStatusCode.ERROR },
      attributes: { 'error.type': 'fault' },
    });
    expect(request.events.map(({ name }) => name)).toContain('first-token');
    expect(attempts[0]?.attributes['evenkeel.outcome']).toBe('fault');
    const shown = exporter
      .getFinishedSpans()
      .map(({ name, attributes, events }) => [name, attributes, events]);
    expect(inspect(shown, { depth: 20 })).not.toContain('canary');
  });
});
