import compression from 'compression';
import { LoadBalancer } from 'evenkeel';
import { expressBalancer, healthHandler } from 'evenkeel/express';
import express, { type Express, type RequestHandler } from 'express';
import { describe, expect, it } from 'vitest';
import {
  beginStream,
  Call,
  CHAT,
  CHAT_STREAM,
  event,
  FacadeRig,
  fetchAll,
  Site,
} from '../support/facade-rig.js';
import { describeFacade } from './facade-suite.js';

function serve(mount: (app: Express) => void): Promise<Site> {
  const app = express();
  mount(app);
  return Site.open(app);
}

describeFacade('expressBalancer', (balancer) => serve((app) => app.use('/v1', expressBalancer(balancer))));
describeFacade('expressBalancer behind `compression`', (balancer) =>
  serve((app) => app.use(compression({ threshold: 0 }), expressBalancer(balancer))),
);
describeFacade('expressBalancer in a bare Node server', (balancer) => {
  const middleware = expressBalancer(balancer);
  return Site.open((request, response) => middleware(request, response, () => response.destroy()));
});

/** What the endpoint was asked for when the client asks for `path`. */
async function pathAsked(path: string, mount: (app: Express, rig: FacadeRig) => void): Promise<string> {
  await using rig = await FacadeRig.open();
  await using site = await serve((app) => mount(app, rig));
  await fetchAll(site.url + path);
  return rig.asked[0]?.url ?? 'nothing';
}

describe('expressBalancer, mounted', () => {
  it.each([
    ['/v1', '/v1/models?a=/v1', '/v1/models?a=/v1'],
    ['/', '/v1/models', '/v1/models'],
    ['/llm', '/llm/v1/models', '/v1/models'],
    ['/llm/v1', '/llm/v1/models', '/v1/models'],
    ['/LLM', '/llm/v1/models', '/v1/models'],
    ['/llm', '/llm?a=1', '/?a=1'],
    ['/api', '/api/chat', '/chat'],
  ])('at %s: %s is %s at the endpoint', async (at, asked, expected) => {
    expect(await pathAsked(asked, (app, rig) => app.use(at, expressBalancer(rig.balancer)))).toBe(expected);
  });

  it.each([
    ['', '/api/chat', '/api/chat'],
    ['/a', '/api/chat', '/api/chat'],
    ['/api', '/api/chat', '/chat'],
  ])('with stripPrefix %j: %s is %s at the endpoint', async (stripPrefix, asked, expected) => {
    const path = await pathAsked(asked, (app, rig) =>
      app.use('/api', expressBalancer(rig.balancer, { stripPrefix })),
    );
    expect(path).toBe(expected);
  });

  it('in a router of a router, strips what both were mounted at', async () => {
    const path = await pathAsked('/a/b/v1/models', (app, rig) => {
      app.use('/a', express.Router().use('/b', expressBalancer(rig.balancer)));
    });
    expect(path).toBe('/v1/models');
  });
});

/** What the endpoint gets when the client sends `body` and `parser` has run before. */
async function bodyAsked(parser: RequestHandler, body: string, type: string) {
  await using rig = await FacadeRig.open();
  await using site = await serve((app) => app.use(parser, expressBalancer(rig.balancer)));
  const answer = await fetchAll(`${site.url}/v1/x`, { body, headers: { 'content-type': type } });
  const [asked] = rig.asked;
  return { status: answer.status, text: asked?.body.toString(), type: asked?.headers['content-type'] };
}

describe('expressBalancer, after a body parser', () => {
  it('writes parsed JSON anew', async () => {
    const { text, type } = await bodyAsked(express.json(), '{ "model" : "m", "n": [1] }', 'application/json');
    expect(text).toBe('{"model":"m","n":[1]}');
    expect(type).toBe('application/json');
  });

  it('sends an empty object on as one', async () => {
    expect((await bodyAsked(express.json(), '{}', 'application/json')).text).toBe('{}');
  });

  it('sends raw and text bodies on as they came', async () => {
    const odd = '{ "big": 12345678901234567890 }';
    expect((await bodyAsked(express.raw({ type: '*/*' }), odd, 'application/json')).text).toBe(odd);
    expect((await bodyAsked(express.text({ type: '*/*' }), odd, 'application/json')).text).toBe(odd);
  });

  it('writes a parsed form anew, nested fields included', async () => {
    const form = 'a=1&b%5Bc%5D=x+y&b%5Bd%5D%5B0%5D=z';
    const { text } = await bodyAsked(
      express.urlencoded({ extended: true }),
      form,
      'application/x-www-form-urlencoded',
    );
    expect(text).toBe(form);
  });

  it('streams what the parser left alone', async () => {
    expect((await bodyAsked(express.json(), 'plain', 'text/plain')).text).toBe('plain');
  });

  it("is not misled by the empty body that Express 4's parsers leave", async () => {
    const placeholder: RequestHandler = (request, _response, next) => {
      request.body = {};
      next();
    };
    expect((await bodyAsked(placeholder, 'plain', 'text/plain')).text).toBe('plain');
  });

  it('drops the content-encoding that the parser has undone', async () => {
    await using rig = await FacadeRig.open();
    await using site = await serve((app) => app.use(express.json(), expressBalancer(rig.balancer)));
    const { gzipSync } = await import('node:zlib');
    const headers = { 'content-encoding': 'gzip', 'content-type': 'application/json; charset=utf-16le' };
    const body = gzipSync(Buffer.from('{"model":"é"}', 'utf16le'));
    expect((await fetchAll(`${site.url}/v1/x`, { body, headers })).status).toBe(200);
    const [asked] = rig.asked;
    expect(asked?.body.toString()).toBe('{"model":"é"}');
    expect(asked?.headers).not.toHaveProperty('content-encoding');
    expect(asked?.headers['content-type']).toBe('application/json; charset=utf-8');
  });

  it('tells the error handler when something else has eaten the body', async () => {
    await using rig = await FacadeRig.open();
    const eater: RequestHandler = (request, _response, next) => {
      request.resume().on('end', next);
    };
    await using site = await serve((app) => {
      app.use(eater, expressBalancer(rig.balancer));
      app.use(((error, _request, response, _next) => {
        response.status(500).send(error.code);
      }) as express.ErrorRequestHandler);
    });
    expect(await fetchAll(`${site.url}/v1/x`, { body: CHAT })).toMatchObject({
      status: 500,
      text: 'BODY_UNREADABLE',
    });
  });
});

describe('expressBalancer, forwarded headers', () => {
  async function forwarded(trustProxy: boolean, headers: Record<string, string>) {
    const addresses: (string | undefined)[] = [];
    await using rig = await FacadeRig.open({
      affinityKey: ({ clientAddress }) => {
        addresses.push(clientAddress);
        return clientAddress;
      },
    });
    await using site = await serve((app) => app.use(expressBalancer(rig.balancer, { trustProxy })));
    await fetchAll(`${site.url}/v1/models`, { headers });
    const sent = rig.asked[0]?.headers ?? {};
    return {
      for: sent['x-forwarded-for'],
      real: sent['x-real-ip'],
      proto: sent['x-forwarded-proto'],
      host: sent['x-forwarded-host'],
      seen: addresses[0],
    };
  }
  const proxied = {
    'x-forwarded-for': '9.9.9.9, 8.8.8.8',
    'x-real-ip': '7.7.7.7',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'outside.example',
    host: 'inside.example',
  };

  it("are as nginx's, with the client's own claims appended to or replaced", async () => {
    expect(await forwarded(false, proxied)).toEqual({
      for: '9.9.9.9, 8.8.8.8, 127.0.0.1',
      real: '127.0.0.1',
      proto: 'http',
      host: 'inside.example',
      seen: '127.0.0.1',
    });
  });

  it('keep what a trusted proxy has said', async () => {
    expect(await forwarded(true, proxied)).toEqual({
      for: '9.9.9.9, 8.8.8.8, 127.0.0.1',
      real: '7.7.7.7',
      proto: 'https',
      host: 'outside.example',
      seen: '9.9.9.9',
    });
  });

  it('are made when none came', async () => {
    expect(await forwarded(true, { host: 'inside.example' })).toEqual({
      for: '127.0.0.1',
      real: '127.0.0.1',
      proto: 'http',
      host: 'inside.example',
      seen: '127.0.0.1',
    });
  });
});

describe('expressBalancer, options', () => {
  it('adds and removes headers, and takes overrides from the request', async () => {
    await using rig = await FacadeRig.open();
    await using site = await serve((app) =>
      app.use(
        expressBalancer(rig.balancer, {
          headers: () => ({ 'X-Tenant': 't', Cookie: undefined }),
          overrides: (request: express.Request) => ({ endpoints: [String(request.query.endpoint)] }),
        }),
      ),
    );
    const headers = { cookie: 'session=secret' };
    expect((await fetchAll(`${site.url}/v1/models?endpoint=a`, { headers })).status).toBe(200);
    expect(rig.asked[0]?.headers).toMatchObject({ 'x-tenant': 't' });
    expect(rig.asked[0]?.headers).not.toHaveProperty('cookie');
    expect((await fetchAll(`${site.url}/v1/models?endpoint=b`)).status).toBe(503);
  });

  it('gives what a user function throws to the error handler', async () => {
    await using rig = await FacadeRig.open();
    await using site = await serve((app) => {
      const overrides = () => {
        throw new Error('mine');
      };
      app.use(expressBalancer(rig.balancer, { overrides }));
      app.use(((error, _request, response, _next) => {
        response.status(418).send(error.message);
      }) as express.ErrorRequestHandler);
    });
    expect(await fetchAll(`${site.url}/v1/x`, { body: CHAT })).toMatchObject({ status: 418, text: 'mine' });
  });

  it.each([
    [{ trustProxy: 'yes' }, 'options.trustProxy'],
    [{ stripPrefix: 'llm' }, 'options.stripPrefix'],
    [{ stripPrefix: '/llm/' }, 'options.stripPrefix'],
    [{ headers: {} }, 'options.headers'],
    [{ overrides: 1 }, 'options.overrides'],
    [{ prefix: '/llm' }, 'options.prefix'],
  ])('refuses %j', async (options, option) => {
    await using rig = await FacadeRig.open();
    expect(() => expressBalancer(rig.balancer, options as never)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', option }),
    );
  });
});

describe('expressBalancer and other middleware', () => {
  it('keeps headers set before, but for those that the answer has as well; cookies of both go out', async () => {
    await using rig = await FacadeRig.open();
    await using site = await serve((app) => {
      app.use((_request, response, next) => {
        response.set({ 'access-control-allow-origin': '*', 'x-both': 'app', 'set-cookie': 'app=1' });
        next();
      }, expressBalancer(rig.balancer));
    });
    rig.answer = (response) =>
      response.writeHead(200, { 'x-both': 'endpoint', 'set-cookie': ['a=1', 'b=2'] }).end('{}');
    const { headers } = await fetchAll(`${site.url}/v1/models`);
    expect(headers).toMatchObject({
      'access-control-allow-origin': '*',
      'x-both': 'endpoint',
      'set-cookie': ['app=1', 'a=1', 'b=2'],
    });
  });

  it('leaves JSON to `compression`, and not event streams', async () => {
    await using rig = await FacadeRig.open();
    await using site = await serve((app) =>
      app.use(compression({ threshold: 0 }), expressBalancer(rig.balancer)),
    );
    const headers = { 'accept-encoding': 'gzip' };
    const plain = await fetchAll(`${site.url}/v1/x`, { body: CHAT, headers });
    expect(plain.headers['content-encoding']).toBe('gzip');
    const upstream = rig.nextResponse();
    const call = new Call(`${site.url}/v1/chat/completions`, { body: CHAT_STREAM, headers });
    const response = await upstream;
    beginStream(response, { 'cache-control': 'no-cache, no-transform' });
    await call.until(event('one'));
    response.end('data: [DONE]\n\n');
    await call.over;
    const head = await call.head;
    expect(head.headers['content-encoding']).toBeUndefined();
    expect(head.headers['cache-control']).toBe('no-cache, no-transform');
  });

  it('sends nothing for a client that left while middleware before it was at work', async () => {
    await using rig = await FacadeRig.open();
    let done: () => void = () => {};
    const handled = new Promise<void>((resolve) => {
      done = resolve;
    });
    await using site = await serve((app) => {
      const middleware = expressBalancer(rig.balancer);
      app.use((request, response, next) => {
        response.on('close', () => {
          middleware(request, response, next);
          setImmediate(done);
        });
        call.leave();
      });
    });
    const call: Call = new Call(`${site.url}/v1/models`);
    await handled;
    expect(rig.asked).toEqual([]);
  });

  it('leaves no listener on a response that is over', async () => {
    await using rig = await FacadeRig.open();
    const before: number[] = [];
    const after: number[] = [];
    const count = (response: express.Response) =>
      ['close', 'drain', 'error'].reduce((sum, name) => sum + response.listenerCount(name), 0);
    await using site = await serve((app) => {
      app.use((_request, response, next) => {
        response.on('finish', () => setImmediate(() => after.push(count(response))));
        before.push(count(response));
        next();
      }, expressBalancer(rig.balancer));
    });
    await fetchAll(`${site.url}/v1/x`, { body: CHAT });
    rig.answer = (response) => {
      beginStream(response);
      response.end('data: [DONE]\n\n');
    };
    await fetchAll(`${site.url}/v1/chat/completions`, { body: CHAT_STREAM });
    await fetchAll(`${site.url}/v1/models`);
    expect(after).toEqual(before);
  });

  it('answers an HTTP/1.0 client with a reset when a stream breaks: nothing else tells it from an end', async () => {
    await using rig = await FacadeRig.open();
    await using site = await serve((app) => app.use(expressBalancer(rig.balancer)));
    const { connect } = await import('node:net');
    const upstream = rig.nextResponse();
    const socket = connect(Number(new URL(site.url).port), '127.0.0.1');
    socket.write(
      `POST /v1/chat/completions HTTP/1.0\r\ncontent-type: application/json\r\ncontent-length: ${CHAT_STREAM.length}\r\n\r\n${CHAT_STREAM}`,
    );
    const response = await upstream;
    const ended = new Promise<string>((resolve) => {
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
      socket.on('end', () => resolve('a clean end'));
    });
    const first = new Promise((resolve) => socket.once('data', resolve));
    beginStream(response);
    await first;
    response.destroy();
    expect(await ended).toBe('ECONNRESET');
  });
});

describe('healthHandler of evenkeel/express', () => {
  it('answers 200 while an endpoint is available, then 503', async () => {
    await using rig = await FacadeRig.open();
    await using site = await serve((app) => app.get('/health', healthHandler(rig.balancer)));
    const healthy = await fetchAll(`${site.url}/health`);
    expect(healthy.status).toBe(200);
    expect(JSON.parse(healthy.text)).toEqual({
      status: 'ok',
      available: 1,
      queued: 0,
      outstanding: 0,
      endpoints: [{ id: 'a', state: 'healthy', available: true, outstanding: 0 }],
    });
    await rig.balancer.drain('a');
    const drained = await fetchAll(`${site.url}/health`);
    expect(drained.status).toBe(503);
    expect(JSON.parse(drained.text)).toMatchObject({ status: 'unavailable', available: 0 });
  });

  it('answers 503 once the balancer is closed', async () => {
    const balancer = new LoadBalancer({ endpoints: [{ url: 'http://127.0.0.1:9' }] });
    await using site = await serve((app) => app.get('/health', healthHandler(balancer)));
    expect((await fetchAll(`${site.url}/health`)).status).toBe(200);
    await balancer.close();
    expect((await fetchAll(`${site.url}/health`)).status).toBe(503);
  });
});
