import { once } from 'node:events';
import { connect } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { LoadBalancer } from 'evenkeel';
import { type FastifyBalancerOptions, fastifyBalancer, healthHandler } from 'evenkeel/fastify';
import fastify, { type FastifyInstance } from 'fastify';
import { describe, expect, it } from 'vitest';
import {
  beginStream,
  Call,
  CHAT,
  CHAT_STREAM,
  event,
  FacadeRig,
  fetchAll,
  idle,
} from '../support/facade-rig.js';
import { describeFacade } from './facade-suite.js';

type Options = Omit<FastifyBalancerOptions, 'balancer'>;

async function listen(app: FastifyInstance): Promise<{ url: string } & AsyncDisposable> {
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  return {
    url,
    [Symbol.asyncDispose]: async () => {
      app.server.closeAllConnections();
      await app.close();
    },
  };
}

async function serve(balancer: LoadBalancer, options: Options = {}) {
  const app = fastify();
  await app.register(fastifyBalancer, { balancer, ...options });
  return listen(app);
}

describeFacade('fastifyBalancer', serve);
describeFacade('fastifyBalancer over everything', (balancer) => serve(balancer, { prefix: '' }));

describe('fastifyBalancer', () => {
  it.each([
    [{}, '/v1/models?a=1', '/v1/models?a=1'],
    [{ prefix: '/llm' }, '/llm/v1/models', '/v1/models'],
    [{ prefix: '/llm/v1' }, '/llm/v1/models', '/v1/models'],
    [{ prefix: '' }, '/api/chat', '/api/chat'],
    [{ prefix: '/api', stripPrefix: '' }, '/api/chat', '/api/chat'],
  ])('with %j: %s is %s at the endpoint', async (options: Options, path, expected) => {
    await using rig = await FacadeRig.open();
    await using site = await serve(rig.balancer, options);
    await fetchAll(site.url + path);
    expect(rig.asked[0]?.url).toBe(expected);
  });

  it('strips the prefix of the scope it is registered in as well', async () => {
    await using rig = await FacadeRig.open();
    const app = fastify();
    app.register(async (scope) => void scope.register(fastifyBalancer, { balancer: rig.balancer }), {
      prefix: '/api',
    });
    await using site = await listen(app);
    await fetchAll(`${site.url}/api/v1/models`);
    expect(rig.asked[0]?.url).toBe('/v1/models');
  });

  it("leaves other routes their parsers and limits, and shows itself as the app's `balancer`", async () => {
    await using rig = await FacadeRig.open();
    const app = fastify();
    await app.register(fastifyBalancer, { balancer: rig.balancer });
    app.post('/own', async (request) => ({ got: request.body }));
    expect(app.balancer).toBe(rig.balancer);
    await using site = await listen(app);
    const own = await fetchAll(`${site.url}/own`, { body: '{"a":1}' });
    expect(own.text).toBe('{"got":{"a":1}}');
    const large = JSON.stringify({ text: 'a'.repeat(2 ** 21) });
    expect((await fetchAll(`${site.url}/own`, { body: large })).status).toBe(413);
    expect((await fetchAll(`${site.url}/v1/x`, { body: large })).status).toBe(200);
    const multipart = { body: 'x', headers: { 'content-type': 'multipart/form-data; boundary=b' } };
    expect((await fetchAll(`${site.url}/own`, multipart)).status).toBe(415);
  });

  it('can be registered twice, for two balancers', async () => {
    await using first = await FacadeRig.open();
    await using second = await FacadeRig.open();
    const app = fastify();
    await app.register(fastifyBalancer, { balancer: first.balancer });
    await app.register(fastifyBalancer, { balancer: second.balancer, prefix: '/second' });
    await using site = await listen(app);
    await fetchAll(`${site.url}/v1/models`);
    await fetchAll(`${site.url}/second/v1/models`);
    expect(first.asked).toHaveLength(1);
    expect(second.asked).toHaveLength(1);
    expect(app.balancer).toBe(first.balancer);
  });

  it('lets hooks refuse a request, and sends the headers that they have set', async () => {
    await using rig = await FacadeRig.open();
    const app = fastify();
    app.addHook('onRequest', async (request, reply) => {
      reply.header('access-control-allow-origin', '*');
      if (request.headers.authorization !== 'Bearer good') await reply.code(401).send({ no: true });
    });
    await app.register(fastifyBalancer, { balancer: rig.balancer });
    await using site = await listen(app);
    const refused = await fetchAll(`${site.url}/v1/x`, { body: CHAT });
    expect(refused).toMatchObject({ status: 401, text: '{"no":true}' });
    expect(rig.asked).toEqual([]);
    const passed = await fetchAll(`${site.url}/v1/x`, {
      body: CHAT,
      headers: { authorization: 'Bearer good' },
    });
    expect(passed.status).toBe(200);
    expect(passed.headers['access-control-allow-origin']).toBe('*');
  });

  it('runs onResponse hooks at the end, and logs no error when a client leaves', async () => {
    await using rig = await FacadeRig.open();
    const lines: string[] = [];
    const app = fastify({ logger: { level: 'warn', stream: { write: (line: string) => lines.push(line) } } });
    let answered: () => void = () => {};
    const responded = new Promise<void>((resolve) => {
      answered = resolve;
    });
    app.addHook('onResponse', async () => answered());
    await app.register(fastifyBalancer, { balancer: rig.balancer });
    await using site = await listen(app);
    await fetchAll(`${site.url}/v1/x`, { body: CHAT });
    await responded;
    for (const begun of [true, false]) {
      const upstream = rig.nextResponse();
      const call = new Call(`${site.url}/v1/chat/completions`, { body: CHAT_STREAM });
      const response = await upstream;
      if (begun) {
        beginStream(response);
        await call.until('one');
      }
      const closed = once(response, 'close');
      call.leave();
      await closed;
      await idle(rig.balancer);
    }
    expect(lines).toEqual([]);
  });

  it('takes a body that a preParsing hook has put in place', async () => {
    await using rig = await FacadeRig.open();
    const app = fastify();
    app.addHook('preParsing', async (_request, _reply, payload) => {
      const { PassThrough } = await import('node:stream');
      return payload.pipe(new PassThrough());
    });
    await app.register(fastifyBalancer, { balancer: rig.balancer });
    await using site = await listen(app);
    await fetchAll(`${site.url}/v1/x`, { body: CHAT });
    expect(rig.asked[0]?.body.toString()).toBe(CHAT);
  });

  it('gives its functions the Fastify request, and what they throw to the error handler', async () => {
    await using rig = await FacadeRig.open();
    const app = fastify();
    app.decorateRequest('tenant', '');
    app.addHook('onRequest', async (request) => {
      Object.assign(request, { tenant: request.headers['x-key'] });
    });
    app.setErrorHandler(async (error: Error, _request, reply) => reply.code(418).send(error.message));
    await app.register(fastifyBalancer, {
      balancer: rig.balancer,
      headers: (request) => {
        const { tenant } = request as unknown as { tenant: string };
        if (tenant === 'bad') throw new Error('no such tenant');
        return { 'x-tenant': tenant };
      },
    });
    await using site = await listen(app);
    await fetchAll(`${site.url}/v1/x`, { body: CHAT, headers: { 'x-key': 'good' } });
    expect(rig.asked[0]?.headers['x-tenant']).toBe('good');
    const refused = await fetchAll(`${site.url}/v1/x`, { body: CHAT, headers: { 'x-key': 'bad' } });
    expect(refused).toMatchObject({ status: 418, text: 'no such tenant' });
  });

  it('lets a stream end at app.close(), and leaves the balancer open', async () => {
    await using rig = await FacadeRig.open();
    const app = fastify();
    await app.register(fastifyBalancer, { balancer: rig.balancer });
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    const upstream = rig.nextResponse();
    const call = new Call(`${url}/v1/chat/completions`, { body: CHAT_STREAM });
    const response = await upstream;
    beginStream(response);
    await call.until('one');
    const closed = app.close();
    response.end('data: [DONE]\n\n');
    await call.over;
    expect(call).toMatchObject({ ended: true, text: `${event('one')}data: [DONE]\n\n` });
    await closed;
    expect(rig.balancer.snapshot().closed).toBe(false);
  });

  it('closes the balancer with the app when asked to', async () => {
    await using rig = await FacadeRig.open();
    const site = await serve(rig.balancer, { closeBalancer: true });
    await site[Symbol.asyncDispose]();
    expect(rig.balancer.snapshot().closed).toBe(true);
  });

  it('serves HTTP/2: streams, and a broken stream is a stream error', async () => {
    await using rig = await FacadeRig.open();
    const app = fastify({ http2: true });
    await app.register(fastifyBalancer, { balancer: rig.balancer });
    await app.listen({ port: 0, host: '127.0.0.1' });
    const client = connect(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}`);
    const ask = () => {
      const stream = client.request({
        ':method': 'POST',
        ':path': '/v1/chat/completions',
        'content-type': 'application/json',
      });
      stream.setEncoding('utf8');
      stream.end(CHAT_STREAM);
      return stream;
    };
    const upstream = rig.nextResponse();
    const whole = ask();
    const first = await upstream;
    beginStream(first);
    first.end('data: [DONE]\n\n');
    expect((await whole.toArray()).join('')).toBe(`${event('one')}data: [DONE]\n\n`);
    expect(rig.asked[0]?.headers).not.toHaveProperty(':path');

    const next = rig.nextResponse();
    const broken = ask();
    const second = await next;
    const failed = once(broken, 'error');
    beginStream(second);
    await once(broken, 'data');
    second.destroy();
    expect(await failed).toMatchObject([{ code: 'ERR_HTTP2_STREAM_ERROR' }]);
    client.close();
    await app.close();
  });

  it.each([
    [{ balancer: undefined }, 'options.balancer'],
    [{ prefix: 'v1' }, 'options.prefix'],
    [{ closeBalancer: 1 }, 'options.closeBalancer'],
    [{ nonsense: 1 }, 'options.nonsense'],
  ])('refuses %j', async (options, option) => {
    await using rig = await FacadeRig.open();
    const app = fastify();
    const refused = app.register(fastifyBalancer, { balancer: rig.balancer, ...options } as never);
    await expect(Promise.resolve(refused.then(() => app.ready()))).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      option,
    });
  });
});

describe('healthHandler of evenkeel/fastify', () => {
  it('answers 200 while an endpoint is available, then 503', async () => {
    await using rig = await FacadeRig.open();
    const app = fastify();
    app.get('/health', healthHandler(rig.balancer));
    expect(await app.inject('/health')).toMatchObject({ statusCode: 200 });
    await rig.balancer.drain('a');
    const drained = await app.inject('/health');
    expect(drained.statusCode).toBe(503);
    expect(drained.json()).toMatchObject({ status: 'unavailable', endpoints: [{ state: 'draining' }] });
  });
});
