/** A process that is one of the proxies to be compared. */
import { once } from 'node:events';
import { Agent, createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { LoadBalancer } from 'evenkeel';
import { ANSWER } from '../harness/payload.js';
import { cpuTime, serveParent } from '../harness/serve-parent.js';
import { bareProxy } from './bare-proxy.js';

const [kind = '', urlList = '[]'] = process.argv.slice(2);
const urls: readonly string[] = JSON.parse(urlList);
let turn = 0;
const nextUrl = () => urls[turn++ % urls.length] ?? '';
const balancerOfAll = () => new LoadBalancer({ endpoints: urls.map((url) => ({ url })) });

const PROXIES: Readonly<Record<string, () => Promise<string>>> = {
  'node:http + dispatch': () => listening(createServer(bareProxy(urls))),
  async 'Express + dispatch'() {
    const { default: express } = await import('express');
    return listening(createServer(express().disable('x-powered-by').use(bareProxy(urls))));
  },
  async expressBalancer() {
    const { default: express } = await import('express');
    const { expressBalancer } = await import('evenkeel/express');
    const app = express().disable('x-powered-by');
    app.use('/v1', expressBalancer(balancerOfAll()));
    return listening(createServer(app));
  },
  async fastifyBalancer() {
    const { default: fastify } = await import('fastify');
    const { fastifyBalancer } = await import('evenkeel/fastify');
    const app = fastify();
    await app.register(fastifyBalancer, { balancer: balancerOfAll() });
    return app.listen({ port: 0, host: '127.0.0.1' });
  },
  async 'webHandler under @hono/node-server'() {
    const { getRequestListener } = await import('@hono/node-server');
    const { webHandler } = await import('evenkeel/web');
    return listening(createServer(getRequestListener(webHandler(balancerOfAll()))));
  },
  async 'Express alone'() {
    const { default: express } = await import('express');
    const app = express().disable('x-powered-by');
    app.use('/v1', (request, response) => {
      request.resume().once('end', () => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': ANSWER.byteLength });
        response.end(ANSWER);
      });
    });
    return listening(createServer(app));
  },
  async 'http-proxy-middleware'() {
    const { default: express } = await import('express');
    const { createProxyMiddleware } = await import('http-proxy-middleware');
    const app = express().disable('x-powered-by');
    const agent = new Agent({ keepAlive: true });
    app.use(createProxyMiddleware({ target: urls[0], router: nextUrl, agent }));
    return listening(createServer(app));
  },
  async '@fastify/http-proxy'() {
    const { default: fastify } = await import('fastify');
    const { default: httpProxy } = await import('@fastify/http-proxy');
    const app = fastify();
    // Its 128 connections to each server would keep the rest of many streams waiting.
    await app.register(httpProxy, {
      upstream: '',
      undici: { connections: 10_000 },
      replyOptions: { getUpstream: nextUrl },
    });
    return app.listen({ port: 0, host: '127.0.0.1' });
  },
  async '@fastify/reply-from with BalancedPool'() {
    const { default: fastify } = await import('fastify');
    // It comes with @fastify/http-proxy.
    const home = createRequire(createRequire(import.meta.url).resolve('@fastify/http-proxy'));
    const { default: replyFrom } = await import(pathToFileURL(home.resolve('@fastify/reply-from')).href);
    const app = fastify();
    await app.register(replyFrom, { base: [...urls], undici: { connections: 10_000 } });
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    app.post('/*', (request, reply) => reply.from(request.url));
    return app.listen({ port: 0, host: '127.0.0.1' });
  },
  async '@portkey-ai/gateway'() {
    // It is a program: it reads its port from the command line and says nothing when it listens.
    const server = createServer();
    const url = await listening(server);
    server.close();
    process.argv.push('--headless', `--port=${new URL(url).port}`);
    const home = createRequire(import.meta.url).resolve('@portkey-ai/gateway/package.json');
    await import(new URL('build/start-server.js', pathToFileURL(home)).href);
    for (;;) {
      const answer = await fetch(url).catch(() => undefined);
      if (answer?.ok) return url;
      // It tells nobody that it listens: there is no event to wait for.
      await sleep(100);
    }
  },
};

async function listening(server: Server): Promise<string> {
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 });
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const start = PROXIES[kind];
if (start === undefined) throw new Error(`No such proxy: ${kind}`);
serveParent({ url: await start() }, async (message) => {
  if (message === 'cpu') return cpuTime();
  // What is garbage belongs to nobody.
  for (let round = 0; round < 2; round++) globalThis.gc?.();
  return process.memoryUsage.rss();
});
