import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { serve } from '@hono/node-server';
import type { LoadBalancer } from 'evenkeel';
import { expressBalancer } from 'evenkeel/express';
import { fastifyBalancer } from 'evenkeel/fastify';
import { webHandler } from 'evenkeel/web';
import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';

/** A server whose `/v1/…` goes through a balancer. */
export interface ServedFacade extends AsyncDisposable {
  readonly url: string;
}

/** How long a request may take to come in, in ms; Node's own is five minutes. */
interface ServerLimits {
  readonly requestTimeout?: number;
}

/** Every facade that stands in a server of its framework, each mounted as its page says. */
export const SERVED_FACADES: Readonly<
  Record<
    'Express' | 'Fastify' | 'web',
    (balancer: LoadBalancer, limits?: ServerLimits) => Promise<ServedFacade>
  >
> = {
  async Express(balancer, limits) {
    const server = createServer(
      { ...limits, connectionsCheckingInterval: 20 },
      express().use('/v1', expressBalancer(balancer)),
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      async [Symbol.asyncDispose]() {
        server.close();
        server.closeAllConnections();
        await once(server, 'close');
      },
    };
  },
  async Fastify(balancer, limits) {
    const { requestTimeout: headersTimeout } = limits ?? {};
    // Fastify sets no limit itself, and Node takes the longer of the two for the request's.
    const app = fastify({ ...limits, http: { connectionsCheckingInterval: 20, headersTimeout } });
    await app.register(fastifyBalancer, { balancer });
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    return {
      url,
      async [Symbol.asyncDispose]() {
        app.server.closeAllConnections();
        await app.close();
      },
    };
  },
  async web(balancer, limits) {
    const handler = webHandler(balancer);
    const app = new Hono().all('/v1/*', (context) => handler(context.req.raw));
    const server = serve({
      fetch: app.fetch,
      port: 0,
      hostname: '127.0.0.1',
      serverOptions: { ...limits, connectionsCheckingInterval: 20 },
    });
    await once(server, 'listening');
    const address = server.address();
    return {
      url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
      async [Symbol.asyncDispose]() {
        if ('closeAllConnections' in server) server.closeAllConnections();
        server.close();
        await once(server, 'close');
      },
    };
  },
};

/** Writes these bytes on a connection of their own, and reads until it closes. */
export async function exchange(url: string, bytes: string | Buffer): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  // A server that refuses may do it with a reset; `once` would take that for a failure.
  const closed = new Promise((resolve) => socket.on('error', () => {}).once('close', resolve));
  socket.write(bytes);
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk;
  });
  await closed;
  return text;
}
