import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { LoadBalancer } from '../balancer/load-balancer.js';
import { booleanOption } from '../core/option-checks.js';
import { InvalidOptionError } from '../errors.js';
import { healthReport } from './health.js';
import type { MetricsSource } from './metrics.js';
import { checkPrefix, forwardedPath, mountPrefix } from './proxy/forwarded-path.js';
import { type ProxyOptions, proxySettings } from './proxy/proxy-options.js';
import { proxy } from './proxy.js';

export type { HealthReport } from './health.js';
export type { MetricsSource } from './metrics.js';
export type { HeaderChanges, ProxyOptions } from './proxy/proxy-options.js';

declare module 'fastify' {
  interface FastifyInstance {
    /** Of the first `fastifyBalancer` that was registered. */
    readonly balancer: LoadBalancer;
  }
}

/** Options of the plugin `fastifyBalancer`. */
export interface FastifyBalancerOptions extends ProxyOptions<FastifyRequest> {
  /** What answers the requests. */
  readonly balancer: LoadBalancer;
  /** Path below which every request goes through the balancer. Default `/v1`; `''`: whatever has no route of its own. */
  readonly prefix?: string;
  /** Closes the balancer at `app.close()`, after the server's own requests have ended. Default false. */
  readonly closeBalancer?: boolean;
}

async function plugin(app: FastifyInstance, options: FastifyBalancerOptions): Promise<void> {
  const { balancer } = options;
  if (typeof balancer?.send !== 'function') {
    throw new InvalidOptionError('options.balancer', 'must be a LoadBalancer', balancer);
  }
  const prefix = checkPrefix('options.prefix', options.prefix) ?? '/v1';
  const settings = proxySettings(options, ['balancer', 'prefix', 'closeBalancer']);
  if (booleanOption('options.closeBalancer', options.closeBalancer, false)) {
    app.addHook('onClose', () => balancer.close());
  }
  if (!app.hasDecorator('balancer')) app.decorate('balancer', balancer);

  // A scope of its own: the parsers of other routes, and their limits, stay as they are.
  app.register(
    async (scope) => {
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
      const strip = settings.stripPrefix ?? mountPrefix(scope.prefix);
      const handler = async (known: FastifyRequest, reply: FastifyReply): Promise<void> => {
        const { raw: message, body } = known;
        const answering = () => {
          reply.hijack();
          // What hooks such as CORS have set would be lost with the reply.
          for (const [name, value] of Object.entries(reply.getHeaders())) {
            if (value !== undefined) reply.raw.setHeader(name, value);
          }
        };
        await proxy(
          balancer,
          {
            message,
            known,
            path: forwardedPath(message.url ?? '/', strip),
            // A `preParsing` hook may have put a stream of its own in the place of the message.
            payload: body === message ? undefined : (body as AsyncIterable<Uint8Array> | undefined),
            answering,
          },
          reply.raw,
          settings,
        );
        // Also when nothing was answered, because the caller has left.
        reply.hijack();
      };
      scope.all('/*', handler);
    },
    { prefix },
  );
}

/**
 * Fastify plugin: everything below `prefix` goes through the balancer, which `app.balancer` then is.
 * Bodies are not parsed and Fastify's `bodyLimit` does not apply; the balancer's `maxBodyBytes` does.
 *
 * @example
 * await app.register(fastifyBalancer, { balancer });
 */
export const fastifyBalancer = Object.assign(plugin, {
  // What fastify-plugin sets: `app.balancer` is seen outside.
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'evenkeel',
  [Symbol.for('plugin-meta')]: { name: 'evenkeel', fastify: '5.x' },
});

/** Answers 200 while an endpoint is available, else 503; JSON. */
export function healthHandler(balancer: Pick<LoadBalancer, 'snapshot'>) {
  return async (_request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { status, body } = healthReport(balancer);
    return reply.code(status).header('cache-control', 'no-store').send(body);
  };
}

/** Answers with the registry's metrics, for Prometheus to scrape. */
export function metricsHandler(registry: MetricsSource) {
  return async (_request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> =>
    reply.header('content-type', registry.contentType).send(await registry.metrics());
}
