import type { IncomingMessage, ServerResponse } from 'node:http';
import type { LoadBalancer } from '../balancer/load-balancer.js';
import { healthReport } from './health.js';
import type { MetricsSource } from './metrics.js';
import { forwardedPath, mountPrefix } from './proxy/forwarded-path.js';
import { type ProxyOptions, proxySettings } from './proxy/proxy-options.js';
import { proxy } from './proxy.js';

export type { HealthReport } from './health.js';
export type { MetricsSource } from './metrics.js';
export type { HeaderChanges, ProxyOptions } from './proxy/proxy-options.js';

/** Middleware of Express, Connect, Nest and the like; their types fit without being named here. */
export type NodeMiddleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/** What Express adds to a request. */
type Mounted = IncomingMessage & { readonly baseUrl?: string; readonly originalUrl?: string };

/**
 * Middleware that answers every request that reaches it, through the balancer.
 *
 * @param options `headers` and `overrides` get the Express request
 * @throws InvalidOptionError naming the option, the rule and the value
 * @example
 * app.use('/v1', expressBalancer(balancer));
 */
export function expressBalancer(
  balancer: Pick<LoadBalancer, 'send'>,
  options?: ProxyOptions<IncomingMessage>,
): NodeMiddleware {
  const settings = proxySettings(options);
  return (message: Mounted, response, next) => {
    const { baseUrl = '', originalUrl = message.url ?? '/' } = message;
    const path = forwardedPath(originalUrl, settings.stripPrefix ?? mountPrefix(baseUrl));
    proxy(balancer, { message, known: message, path }, response, settings).catch(next);
  };
}

/** Answers 200 while an endpoint is available, else 503; JSON. */
export function healthHandler(balancer: Pick<LoadBalancer, 'snapshot'>): NodeMiddleware {
  return (_request, response) => {
    const { status, body } = healthReport(balancer);
    response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
    response.end(JSON.stringify(body));
  };
}

/** Answers with the registry's metrics, for Prometheus to scrape. */
export function metricsHandler(registry: MetricsSource): NodeMiddleware {
  return (_request, response, next) => {
    registry.metrics().then((text) => {
      response.writeHead(200, { 'content-type': registry.contentType });
      response.end(text);
    }, next);
  };
}
