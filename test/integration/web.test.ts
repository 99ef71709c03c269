import { once } from 'node:events';
import { serve } from '@hono/node-server';
import { healthHandler, type WebHandlerOptions, webHandler } from 'evenkeel/web';
import { Hono } from 'hono';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { beginStream, CHAT, CHAT_STREAM, event, FacadeRig, idle } from '../support/facade-rig.js';
import { describeFacade } from './facade-suite.js';

// @hono/node-server prints every stream that breaks off, and here they do so on purpose.
beforeEach(() => {
  for (const level of ['error', 'info'] as const) vi.spyOn(console, level).mockImplementation(() => {});
});

describeFacade('webHandler in Hono', async (balancer) => {
  const handler = webHandler(balancer);
  const app = new Hono().all('/v1/*', (context) => handler(context.req.raw));
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' });
  await once(server, 'listening');
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    [Symbol.asyncDispose]: async () => {
      if ('closeAllConnections' in server) server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
});

const ORIGIN = 'https://app.example';

function ask(path: string, init: RequestInit = {}): Request {
  return new Request(ORIGIN + path, { method: 'POST', body: CHAT, ...init });
}

describe('webHandler, given a Request', () => {
  it('answers with a Response', async () => {
    await using rig = await FacadeRig.open();
    const response = await webHandler(rig.balancer)(ask('/v1/chat/completions'));
    expect(response).toBeInstanceOf(Response);
    expect(response.headers.get('x-evenkeel-endpoint')).toBe('a');
    expect(await response.json()).toEqual({ ok: true });
  });

  it('strips a prefix when told to', async () => {
    await using rig = await FacadeRig.open();
    const handler = webHandler(rig.balancer, { stripPrefix: '/api/llm' });
    await handler(ask('/api/llm/v1/x?a=1'));
    await handler(ask('/api/llmx/v1/x'));
    expect(rig.asked.map(({ url }) => url)).toEqual(['/v1/x?a=1', '/api/llmx/v1/x']);
  });

  it('closes the request at the endpoint when the response body is cancelled', async () => {
    await using rig = await FacadeRig.open();
    const upstream = rig.nextResponse();
    const answered = webHandler(rig.balancer)(ask('/v1/chat/completions', { body: CHAT_STREAM }));
    const response = await upstream;
    beginStream(response);
    const { body } = await answered;
    const reader = body?.getReader();
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe(event('one'));
    const closed = once(response, 'close');
    await reader?.cancel();
    await closed;
    await idle(rig.balancer);
  });

  it('closes the request at the endpoint when its signal aborts, and does not reject', async () => {
    await using rig = await FacadeRig.open();
    const caller = new AbortController();
    const upstream = rig.nextResponse();
    const answered = webHandler(rig.balancer)(ask('/v1/chat/completions', { signal: caller.signal }));
    const response = await upstream;
    const closed = once(response, 'close');
    caller.abort();
    await closed;
    expect((await answered).status).toBe(499);
    await idle(rig.balancer);
  });

  it('fails the response body when a stream breaks', async () => {
    await using rig = await FacadeRig.open();
    const upstream = rig.nextResponse();
    const answered = webHandler(rig.balancer)(ask('/v1/chat/completions', { body: CHAT_STREAM }));
    const response = await upstream;
    beginStream(response);
    const { body } = await answered;
    const reader = body?.getReader();
    await reader?.read();
    response.destroy();
    await expect(reader?.read()).rejects.toMatchObject({ code: 'STREAM_RESET' });
    await idle(rig.balancer);
  });

  it.each<[string, WebHandlerOptions, Record<string, string | undefined>]>([
    ['an unknown address', {}, { for: '9.9.9.9', real: undefined, proto: 'https', host: 'app.example' }],
    [
      'an address that the app knows',
      { clientAddress: () => '::ffff:8.8.8.8' },
      { for: '9.9.9.9, 8.8.8.8', real: '8.8.8.8', proto: 'https', host: 'app.example' },
    ],
    [
      'a trusted proxy',
      { trustProxy: true },
      { for: '9.9.9.9', real: '7.7.7.7', proto: 'http', host: 'app.example' },
    ],
  ])('tells endpoints who asked: %s', async (_case, options, expected) => {
    await using rig = await FacadeRig.open();
    const claimed = { 'x-forwarded-for': '9.9.9.9', 'x-real-ip': '7.7.7.7', 'x-forwarded-proto': 'http' };
    await webHandler(rig.balancer, options)(ask('/v1/x', { headers: claimed }));
    const sent = rig.asked[0]?.headers ?? {};
    expect({
      for: sent['x-forwarded-for'],
      real: sent['x-real-ip'],
      proto: sent['x-forwarded-proto'],
      host: sent['x-forwarded-host'],
    }).toEqual(expected);
  });

  it('adds headers and takes overrides from the request', async () => {
    await using rig = await FacadeRig.open();
    const handler = webHandler(rig.balancer, {
      headers: (request) => ({ 'X-Path': new URL(request.url).pathname }),
      overrides: (request) => ({ endpoints: [request.headers.get('x-endpoint') ?? ''] }),
    });
    expect((await handler(ask('/v1/x', { headers: { 'x-endpoint': 'a' } }))).status).toBe(200);
    expect(rig.asked[0]?.headers['x-path']).toBe('/v1/x');
    expect((await handler(ask('/v1/x', { headers: { 'x-endpoint': 'b' } }))).status).toBe(503);
  });

  it('refuses options that are wrong', async () => {
    await using rig = await FacadeRig.open();
    expect(() => webHandler(rig.balancer, { clientAddress: 1 } as never)).toThrow(
      expect.objectContaining({ option: 'options.clientAddress' }),
    );
  });
});

describe('healthHandler of evenkeel/web', () => {
  it('answers 200 while an endpoint is available, then 503', async () => {
    await using rig = await FacadeRig.open();
    const handler = healthHandler(rig.balancer);
    expect(handler().status).toBe(200);
    await rig.balancer.drain('a');
    expect(handler().status).toBe(503);
    expect(await handler().json()).toMatchObject({ status: 'unavailable', available: 0 });
  });
});
