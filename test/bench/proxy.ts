/** A process that is one of the proxies to be compared. */
import { once } from 'node:events';
import { Agent, createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { LoadBalancer } from 'evenkeel';
import { expressBalancer } from 'evenkeel/express';
import { ANSWER } from './payload.js';
import { cpuTime, serveParent } from './serve-parent.js';

const [kind = '', urlList = '[]'] = process.argv.slice(2);
const urls: readonly string[] = JSON.parse(urlList);
let turn = 0;
const nextUrl = () => urls[turn++ % urls.length] ?? '';

const PROXIES: Readonly<Record<string, () => Promise<string>>> = {
  async expressBalancer() {
    const { default: express } = await import('express');
    const balancer = new LoadBalancer({ endpoints: urls.map((url) => ({ url })) });
    const app = express().disable('x-powered-by');
    app.use('/v1', expressBalancer(balancer));
    return listening(app.listen(0, '127.0.0.1'));
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
    return listening(app.listen(0, '127.0.0.1'));
  },
  async 'http-proxy-middleware'() {
    const { default: express } = await import('express');
    const { createProxyMiddleware } = await import('http-proxy-middleware');
    const app = express().disable('x-powered-by');
    const agent = new Agent({ keepAlive: true });
    app.use(createProxyMiddleware({ target: urls[0], router: nextUrl, agent }));
    return listening(app.listen(0, '127.0.0.1'));
  },
  async '@fastify/http-proxy'() {
    const { default: fastify } = await import('fastify');
    const { default: httpProxy } = await import('@fastify/http-proxy');
    const app = fastify();
    await app.register(httpProxy, { upstream: '', replyOptions: { getUpstream: nextUrl } });
    return app.listen({ port: 0, host: '127.0.0.1' });
  },
  async '@portkey-ai/gateway'() {
    // It is a program: it reads its port from the command line and says nothing when it listens.
    const url = await listening(createServer().listen(0, '127.0.0.1'), (server) => server.close());
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

async function listening(server: Server, then?: (server: Server) => void): Promise<string> {
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  then?.(server);
  return `http://127.0.0.1:${port}`;
}

const start = PROXIES[kind];
if (start === undefined) throw new Error(`No such proxy: ${kind}`);
serveParent({ url: await start() }, async () => cpuTime());
