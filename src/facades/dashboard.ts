import type { IncomingMessage, ServerResponse } from 'node:http';
import type { LoadBalancer } from '../balancer/load-balancer.js';
import { Dashboard, type DashboardReply } from './dashboard/dashboard.js';
import type { Watcher } from './dashboard/feed.js';
import { type DashboardOptions, dashboardSettings } from './dashboard/options.js';
import type { NodeMiddleware } from './express.js';

export type {
  FeedDecision,
  FeedEndpoint,
  FeedEvent,
  FeedHello,
  FeedLevel,
  FeedQuantiles,
  FeedTick,
} from './dashboard/feed-message.js';
export type { DashboardOptions } from './dashboard/options.js';
export type { NodeMiddleware } from './express.js';

/** A balancer, or what a dashboard needs of one. */
export type DashboardBalancer = Pick<
  LoadBalancer,
  'snapshot' | 'observe' | 'explainNext' | 'drain' | 'activate' | 'standby' | 'setWeight'
>;

/**
 * A live page of the balancer: middleware of Express, Connect and `node:http`, which answers every request that
 * reaches it. With `accept: text/event-stream` it answers the page's feed, with `application/json` the state now.
 *
 * @throws InvalidOptionError naming the option, the rule and the value
 * @example
 * app.use('/_balancer', dashboardHandler(balancer, { authorize: (request) => isOperator(request) }));
 */
export function dashboardHandler<Incoming extends IncomingMessage = IncomingMessage>(
  balancer: DashboardBalancer,
  options?: DashboardOptions<Incoming>,
): NodeMiddleware {
  const dashboard = new Dashboard(balancer, dashboardSettings(options));
  return (message, response, next) => {
    const asked = {
      method: message.method ?? 'GET',
      query: queryOf(message.url ?? ''),
      header: (name: string) => {
        const value = message.headers[name];
        return typeof value === 'string' ? value : undefined;
      },
      known: message as Incoming,
    };
    dashboard.answer(asked).then((reply) => write(reply, message, response), next);
  };
}

/**
 * The same for web-standard requests: Hono, Next route handlers and the like.
 *
 * @throws InvalidOptionError naming the option, the rule and the value
 * @example
 * app.all('/_balancer', (context) => handler(context.req.raw));
 */
export function webDashboardHandler(
  balancer: DashboardBalancer,
  options?: DashboardOptions<Request>,
): (request: Request) => Promise<Response> {
  const dashboard = new Dashboard(balancer, dashboardSettings(options));
  return async (request) => {
    const { method, url, headers } = request;
    const {
      status,
      headers: given,
      body,
    } = await dashboard.answer({
      method,
      query: queryOf(url),
      header: (name) => headers.get(name) ?? undefined,
      known: request,
    });
    const content = typeof body === 'string' ? (method === 'HEAD' ? null : body) : streamOf(body);
    return new Response(content, { status, headers: given });
  };
}

function queryOf(url: string): URLSearchParams {
  const mark = url.indexOf('?');
  return new URLSearchParams(mark === -1 ? '' : url.slice(mark));
}

function write(
  { status, headers, body }: DashboardReply,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  response.writeHead(status, headers);
  if (typeof body === 'string') {
    response.end(request.method === 'HEAD' ? undefined : body);
    return;
  }
  response.flushHeaders();
  let blocked = false;
  response.on('drain', () => {
    blocked = false;
  });
  const stop = body({
    // Whoever does not read misses updates, and holds none of them up.
    send: (text) => {
      if (!blocked) blocked = !response.write(text);
    },
    end: () => response.end(),
  });
  response.on('close', stop);
  if (response.destroyed) stop();
}

function streamOf(subscribe: (watcher: Watcher) => () => void): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let stop: (() => void) | undefined;
  return new ReadableStream<Uint8Array>({
    start(controller) {
      stop = subscribe({
        send: (text) => {
          // As above: `desiredSize` is what the reader has room for.
          if ((controller.desiredSize ?? 0) > -SLOW_READER) controller.enqueue(encoder.encode(text));
        },
        end: () => controller.close(),
      });
    },
    cancel: () => stop?.(),
  });
}

/** Chunks that may wait for a reader. */
const SLOW_READER = 4;
