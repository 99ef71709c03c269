import {
  type Attributes,
  type Context,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import type { AttemptHeaders, BalancerEvent, InferenceRequest, LoadBalancer } from 'evenkeel';

interface TracedRequest {
  readonly span: Span;
  readonly context: Context;
  /** By their number: a hedge runs beside the attempt that it hedges. */
  readonly attempts: Map<number, Span>;
}

/**
 * Spans for requests and their attempts. Give `attemptHeaders` to the balancer's options, so that each attempt's
 * trace context goes to its endpoint, and the balancer to `watch`.
 *
 * Names are those of OpenTelemetry's semantic conventions. No query, header, prompt or completion is in them.
 */
export class BalancerTracing {
  readonly #tracer = trace.getTracer('evenkeel');
  readonly #requests = new WeakMap<InferenceRequest, TracedRequest>();

  readonly attemptHeaders: AttemptHeaders = (request) => {
    const traced = this.#requests.get(request);
    const span = traced?.attempts.get(request.attempt);
    if (traced === undefined || span === undefined) return undefined;
    const headers: Record<string, string> = {};
    propagation.inject(trace.setSpan(traced.context, span), headers);
    return headers;
  };

  /** @returns stops it */
  watch(balancer: LoadBalancer): () => void {
    return balancer.observe((event) => {
      if (event.type === 'request-started') this.#start(event.request);
      else if ('request' in event) this.#continue(event, balancer);
    });
  }

  /** Under the span that is active, or under the caller's own when the request came in over HTTP. */
  #start(request: InferenceRequest): void {
    const active = context.active();
    const parent =
      trace.getSpan(active) === undefined ? propagation.extract(ROOT_CONTEXT, request.headers) : active;
    const operation = operationOf(request.path);
    const span = this.#tracer.startSpan(
      request.model === undefined ? operation : `${operation} ${request.model}`,
      {
        kind: SpanKind.CLIENT,
        attributes: { 'gen_ai.operation.name': operation, 'gen_ai.request.model': request.model },
      },
      parent,
    );
    this.#requests.set(request, { span, context: trace.setSpan(parent, span), attempts: new Map() });
  }

  #continue(event: Extract<BalancerEvent, { request: unknown }>, balancer: LoadBalancer): void {
    const traced = this.#requests.get(event.request);
    if (traced === undefined) return;
    const { span } = traced;
    switch (event.type) {
      case 'attempt-started': {
        const url = balancer.endpoints.find(({ id }) => id === event.endpoint)?.url;
        const attributes = attemptAttributes(event.request, event.attempt, url);
        const attempt = this.#tracer.startSpan(
          event.request.method,
          { kind: SpanKind.CLIENT, attributes: { ...attributes, 'evenkeel.endpoint': event.endpoint } },
          traced.context,
        );
        traced.attempts.set(event.attempt, attempt);
        break;
      }
      case 'attempt-settled':
        settle(traced.attempts.get(event.attempt), event);
        break;
      case 'request-finished':
        span.setAttributes({
          'http.response.status_code': event.status,
          'evenkeel.attempts': event.attempts,
        });
        if (event.status >= 500 || event.outcome === 'fault')
          fail(span, event.status >= 500 ? String(event.status) : event.outcome);
        span.end();
        break;
      case 'request-queued':
      case 'request-dequeued':
      case 'stream-resumed':
        span.addEvent(event.type);
        break;
      case 'first-token':
        span.addEvent(event.type, { 'evenkeel.endpoint': event.endpoint });
        break;
      case 'retry':
        span.addEvent(event.type, { 'evenkeel.reason': event.reason, 'evenkeel.delay_ms': event.delay });
        break;
    }
  }
}

function settle(span: Span | undefined, event: BalancerEvent & { type: 'attempt-settled' }): void {
  if (span === undefined) return;
  const { outcome, usage } = event;
  span.setAttributes({
    'evenkeel.outcome': outcome.kind,
    'http.response.status_code': 'status' in outcome ? outcome.status : undefined,
    'gen_ai.usage.input_tokens': usage?.prompt,
    'gen_ai.usage.output_tokens': usage?.completion,
  });
  if (outcome.kind === 'fault')
    fail(span, outcome.status === undefined ? outcome.reason : String(outcome.status));
  else if (outcome.kind === 'overloaded') fail(span, String(outcome.status ?? outcome.kind));
  span.end();
}

function fail(span: Span, type: string): void {
  span.setAttribute('error.type', type);
  span.setStatus({ code: SpanStatusCode.ERROR });
}

function attemptAttributes(request: InferenceRequest, attempt: number, url: string | undefined): Attributes {
  const { hostname, port, protocol } = new URL(url ?? 'http://unknown');
  return {
    'http.request.method': request.method,
    'url.path': API_PATH.exec(pathnameOf(request.path))?.[0],
    'server.address': hostname,
    'server.port': port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
    // Absent for the first, as the conventions have it.
    'http.request.resend_count': attempt > 1 ? attempt - 1 : undefined,
  };
}

/** The end of a path that every API of its kind has; what stands before it may be a key. */
const API_PATH =
  /(?:\/v\d+)?\/(?:chat\/completions|completions|responses|messages|embeddings|models|api\/\w+)$/;

function operationOf(path: string): string {
  const pathname = pathnameOf(path);
  if (/\/(chat\/completions|responses|messages|api\/chat)$/.test(pathname)) return 'chat';
  if (/\/(completions|api\/generate)$/.test(pathname)) return 'text_completion';
  return /\/(embeddings|api\/embed)$/.test(pathname) ? 'embeddings' : 'request';
}

function pathnameOf(path: string): string {
  return path.replace(/\?.*$/s, '');
}
