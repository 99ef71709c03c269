import { toResponse } from '../balancer/fetch/response.js';
import { readRequest } from '../balancer/fetch.js';
import type { LoadBalancer } from '../balancer/load-balancer.js';
import { healthReport } from './health.js';
import type { MetricsSource } from './metrics.js';
import { addForwardedHeaders } from './proxy/forwarded-headers.js';
import { forwardedPath } from './proxy/forwarded-path.js';
import { changeHeaders, functionOption, type ProxyOptions, proxySettings } from './proxy/proxy-options.js';
import { replyHeaders } from './proxy/reply-headers.js';

export type { HealthReport } from './health.js';
export type { MetricsSource } from './metrics.js';
export type { HeaderChanges, ProxyOptions } from './proxy/proxy-options.js';

/** Options of `webHandler`. */
export interface WebHandlerOptions extends ProxyOptions<Request> {
  /** The caller's address, which a `Request` does not tell. Without it `x-forwarded-for` is passed on as it came. */
  clientAddress?(request: Request): string | undefined;
}

/** nginx's status for a caller that left; nobody sees it. */
const CALLER_LEFT = 499;

/**
 * A handler of web-standard requests, for Hono, Next route handlers and the like.
 * Cancels when `request.signal` aborts, or when the response's body is cancelled.
 *
 * @throws InvalidOptionError naming the option, the rule and the value
 * @example
 * app.all('/v1/*', (context) => handler(context.req.raw));
 */
export function webHandler(
  balancer: Pick<LoadBalancer, 'send'>,
  options?: WebHandlerOptions,
): (request: Request) => Promise<Response> {
  const settings = proxySettings<Request>(options, ['clientAddress']);
  const addressOf = functionOption('options.clientAddress', options?.clientAddress)?.bind(options);
  return async (request) => {
    const asked = readRequest(request);
    const { headers } = asked;
    const { protocol, host } = new URL(request.url);
    const connection = {
      address: addressOf?.(request),
      protocol: protocol === 'https:' ? ('https' as const) : ('http' as const),
      host: headers.host ?? host,
    };
    const clientAddress = addForwardedHeaders(headers, connection, settings.trustProxy);
    if (settings.headers !== undefined) changeHeaders(headers, settings.headers(request));
    const overrides = settings.overrides?.(request);
    const path = forwardedPath(asked.path, settings.stripPrefix ?? '');
    try {
      const reply = await balancer.send({ ...asked, path, clientAddress, overrides });
      return toResponse({ ...reply, headers: replyHeaders(reply) });
    } catch (error) {
      if (!request.signal.aborted) throw error;
      return new Response(null, { status: CALLER_LEFT });
    }
  };
}

/** Answers 200 while an endpoint is available, else 503; JSON. */
export function healthHandler(balancer: Pick<LoadBalancer, 'snapshot'>): () => Response {
  return () => {
    const { status, body } = healthReport(balancer);
    return Response.json(body, { status, headers: { 'cache-control': 'no-store' } });
  };
}

/** Answers with the registry's metrics, for Prometheus to scrape. */
export function metricsHandler(registry: MetricsSource): () => Promise<Response> {
  return async () =>
    new Response(await registry.metrics(), { headers: { 'content-type': registry.contentType } });
}
