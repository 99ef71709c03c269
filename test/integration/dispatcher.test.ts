import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { InvalidOptionError, isEvenkeelError, LoadBalancer } from 'evenkeel';
import { BalancedDispatcher } from 'evenkeel/dispatcher';
import {
  type Dispatcher,
  errors,
  interceptors,
  pipeline,
  request,
  stream,
  FormData as UndiciFormData,
  fetch as undiciFetch,
} from 'undici';
import { describe, expect, it } from 'vitest';
import { beginStream, CHAT, CHAT_STREAM, event, FacadeRig, idle } from '../support/facade-rig.js';
import { Fleet } from '../support/fleet.js';

const URL_ = 'http://any.invalid/v1/chat/completions';
const JSON_TYPE = { 'content-type': 'application/json' };
const POST = { method: 'POST', headers: JSON_TYPE } as const;

/** A rig with its dispatcher. */
async function open(options?: Parameters<typeof FacadeRig.open>[0]) {
  const rig = await FacadeRig.open(options);
  return {
    rig,
    dispatcher: new BalancedDispatcher(rig.balancer),
    [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose](),
  };
}

/** The platform's fetch over a dispatcher; its types know undici of another version. */
function nodeFetch(dispatcher: Dispatcher, init: RequestInit): Promise<Response> {
  return fetch(URL_, { ...init, dispatcher } as unknown as RequestInit);
}

/** What a handler of the old style hears. */
class LegacyHandler implements Dispatcher.DispatchHandler {
  readonly heard: string[] = [];
  abort: (reason?: Error) => void = () => {};
  resume: () => void = () => {};
  rawHeaders: Buffer[] = [];
  error: Error | undefined;
  readonly over: Promise<void>;
  #end: () => void = () => {};
  #moved: () => void = () => {};

  constructor() {
    this.over = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  onConnect(abort: (reason?: Error) => void): void {
    this.abort = abort;
    this.#hear('connect');
  }

  onHeaders(status: number, headers: Buffer[], resume: () => void, _statusText: string): boolean {
    this.rawHeaders = headers;
    this.resume = resume;
    this.#hear(`headers ${status}`);
    return true;
  }

  onData(chunk: Buffer): boolean {
    this.#hear(`data ${chunk}`);
    return true;
  }

  onComplete(trailers: string[] | null): void {
    this.#hear(`complete ${trailers?.length}`);
    this.#end();
  }

  onError(error: Error): void {
    this.error = error;
    this.#hear('error');
    this.#end();
  }

  async until(what: string): Promise<void> {
    while (!this.heard.includes(what)) await new Promise<void>((resolve) => (this.#moved = resolve));
  }

  #hear(what: string): void {
    this.heard.push(what);
    this.#moved();
  }
}

describe("BalancedDispatcher under undici's own APIs", () => {
  it('serves request: path, headers and body go out, status, headers and body come back', async () => {
    await using site = await open();
    const { statusCode, headers, body, trailers } = await request(`${URL_}?x=1`, {
      ...POST,
      body: CHAT,
      dispatcher: site.dispatcher,
    });
    expect(statusCode).toBe(200);
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'x-evenkeel-endpoint': 'a',
      'x-evenkeel-attempts': '1',
    });
    expect(await body.json()).toEqual({ ok: true });
    expect(trailers).toEqual({});
    const [asked] = site.rig.asked;
    expect(asked).toMatchObject({ method: 'POST', url: '/v1/chat/completions?x=1' });
    expect(asked?.body.toString()).toBe(CHAT);
  });

  it('serves stream', async () => {
    await using site = await open();
    const chunks: Buffer[] = [];
    const { trailers } = await stream(
      URL_,
      { ...POST, body: CHAT, dispatcher: site.dispatcher },
      ({ statusCode, headers }) => {
        expect(statusCode).toBe(200);
        expect(headers['content-type']).toBe('application/json');
        return new Writable({
          write(chunk: Buffer, _encoding, done) {
            chunks.push(chunk);
            done();
          },
        });
      },
    );
    expect(Buffer.concat(chunks).toString()).toBe('{"ok":true}');
    expect(trailers).toEqual({});
  });

  it('serves pipeline', async () => {
    await using site = await open();
    const duplex = pipeline(URL_, { ...POST, dispatcher: site.dispatcher }, ({ body }) => body);
    duplex.end(CHAT);
    expect(await text(duplex)).toBe('{"ok":true}');
    expect(site.rig.asked[0]?.body.toString()).toBe(CHAT);
  });

  it.each([
    ['a string', () => CHAT],
    ['a Buffer', () => Buffer.from(CHAT)],
    ['a part of a buffer', () => new Uint8Array(Buffer.from(`--${CHAT}--`)).subarray(2, CHAT.length + 2)],
    ['an ArrayBuffer', () => new Uint8Array(Buffer.from(CHAT)).buffer],
    ['a Blob', () => new Blob([CHAT])],
    ['a stream of bytes', () => Readable.from([Buffer.from(CHAT.slice(0, 9)), Buffer.from(CHAT.slice(9))])],
    ['an iterable', () => [CHAT.slice(0, 9), Buffer.from(CHAT.slice(9))]],
    [
      'an async iterable',
      async function* () {
        yield CHAT.slice(0, 9);
        yield Buffer.from(CHAT.slice(9));
      },
    ],
  ])('sends %s', async (_form, make) => {
    await using site = await open();
    const body = make() as unknown as string;
    const answer = await request(URL_, { ...POST, body, dispatcher: site.dispatcher });
    await answer.body.dump();
    expect(site.rig.asked[0]?.body.toString()).toBe(CHAT);
    expect(site.rig.asked[0]?.headers['content-type']).toBe('application/json');
  });

  it.each([
    ['the platform', () => new FormData()],
    ['undici', () => new UndiciFormData()],
  ])('sends a form of %s', async (_whose, make) => {
    await using site = await open();
    const form = make() as FormData;
    form.append('model', 'whisper');
    form.append('file', new File(['sound'], 'a.wav'));
    const answer = await request('http://any.invalid/v1/audio/transcriptions', {
      method: 'POST',
      body: form as unknown as string,
      dispatcher: site.dispatcher,
    });
    await answer.body.dump();
    const [asked] = site.rig.asked;
    expect(asked?.headers['content-type']).toMatch(/^multipart\/form-data; boundary=/);
    expect(asked?.body.toString()).toMatch(/name="model"[\s\S]*whisper[\s\S]*filename="a.wav"[\s\S]*sound/);
  });

  it('sends no body and no content type where none is given', async () => {
    await using site = await open();
    for (const body of [null, undefined, '']) {
      const answer = await request(URL_, { method: 'POST', body, dispatcher: site.dispatcher });
      await answer.body.dump();
    }
    const answer = await request(URL_, { method: 'POST', body: 'text', dispatcher: site.dispatcher });
    await answer.body.dump();
    expect(site.rig.asked.map(({ body }) => body.toString())).toEqual(['', '', '', 'text']);
    expect(site.rig.asked.map(({ headers }) => headers['content-type'])).toEqual(Array(4).fill(undefined));
  });

  it.each<[string, Dispatcher.DispatchOptions['headers']]>([
    ['an object', { 'X-One': '1', 'x-two': ['2', '3'], 'x-gone': undefined }],
    ['a flat list', ['X-One', '1', 'x-two', '2', 'x-two', '3']],
    [
      'pairs',
      new Map<string, string | string[]>([
        ['X-One', '1'],
        ['x-two', ['2', '3']],
      ]),
    ],
  ])('sends headers given as %s', async (_form, headers) => {
    await using site = await open();
    const answer = await request(URL_, { headers, dispatcher: site.dispatcher });
    await answer.body.dump();
    expect(site.rig.asked[0]?.headers).toMatchObject({ 'x-one': '1', 'x-two': '2, 3' });
    expect(site.rig.asked[0]?.headers).not.toHaveProperty('x-gone');
  });

  it('puts `query` behind the path, and drops the origin of a path that has one', async () => {
    await using site = await open();
    for (const options of [
      { path: '/v1/models', query: { limit: 2, order: ['a', 'b'] } },
      { path: 'http://other.invalid/v1/models?limit=2' },
    ]) {
      const answer = await site.dispatcher.request({ method: 'GET', ...options });
      await answer.body.dump();
    }
    expect(site.rig.asked.map(({ url }) => url)).toEqual([
      '/v1/models?limit=2&order=a&order=b',
      '/v1/models?limit=2',
    ]);
  });

  it('hands on every cookie and every byte of a header value', async () => {
    await using site = await open();
    site.rig.answer = (response) =>
      response.writeHead(200, { 'set-cookie': ['a=1', 'b=2'], 'x-latin': 'caf\u00e9' }).end('{}');
    const answer = await request(URL_, { dispatcher: site.dispatcher });
    await answer.body.dump();
    expect(answer.headers).toMatchObject({ 'set-cookie': ['a=1', 'b=2'], 'x-latin': 'caf\u00e9' });
    const fetched = await nodeFetch(site.dispatcher, {});
    expect(fetched.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    await fetched.body?.cancel();
  });

  it("works under undici's interceptors", async () => {
    await using site = await open();
    site.rig.answer = (response) => response.writeHead(404, JSON_TYPE).end('{"no":1}');
    const composed = site.dispatcher.compose(interceptors.responseError());
    await expect(
      composed.request({ origin: 'http://any.invalid', path: '/v1/models', method: 'GET' }),
    ).rejects.toMatchObject({ code: 'UND_ERR_RESPONSE', statusCode: 404, body: { no: 1 } });
  });

  it.each([
    ['connect', (dispatcher: Dispatcher) => dispatcher.connect({ origin: 'http://any.invalid', path: '/' })],
    ['upgrade', (dispatcher: Dispatcher) => dispatcher.upgrade({ path: '/', protocol: 'websocket' })],
  ])('refuses %s', async (_name, call) => {
    await using site = await open();
    await expect(call(site.dispatcher)).rejects.toBeInstanceOf(errors.NotSupportedError);
    expect(site.rig.asked).toEqual([]);
  });

  it.each<[string, object, string]>([
    ['no path', { method: 'GET' }, 'path must be a string'],
    ['a relative path', { method: 'GET', path: 'v1' }, 'path must be an absolute URL or start with a slash'],
    ['no method', { path: '/' }, 'method must be a string'],
    ['an odd list of headers', { path: '/', method: 'GET', headers: ['a'] }, 'headers array must be even'],
    [
      'headers that are none',
      { path: '/', method: 'GET', headers: 5 },
      'headers must be an object or an array',
    ],
    ['a body that is none', { path: '/', method: 'POST', body: 5 }, 'body must be a string'],
    ['two queries', { path: '/?a=1', method: 'GET', query: { b: 2 } }, 'Query params cannot be passed'],
  ])('refuses %s, as undici does', async (_what, options, message) => {
    await using site = await open();
    const refused = site.dispatcher.request(options as Dispatcher.RequestOptions);
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toBeInstanceOf(errors.InvalidArgumentError);
  });

  it('takes the time limits of a request for the clocks that measure the same', async () => {
    await using site = await open();
    const upstream = site.rig.nextResponse();
    const answering = request(URL_, { ...POST, body: CHAT, dispatcher: site.dispatcher, headersTimeout: 20 });
    await upstream;
    const { statusCode, body } = await answering;
    expect(statusCode).toBe(504);
    expect(await body.text()).toContain('timeouts.response');

    site.rig.answer = (response) => beginStream(response);
    const cut = await request(URL_, {
      ...POST,
      body: CHAT_STREAM,
      dispatcher: site.dispatcher,
      bodyTimeout: 20,
    });
    await expect(cut.body.text()).rejects.toMatchObject({ code: 'STREAM_STALLED' });
  });

  it("passes the balancer's wishes for one request on", async () => {
    await using fleet = await Fleet.start();
    const dispatcher = new BalancedDispatcher(fleet.balancer);
    const wishes: object = { evenkeel: { endpoints: ['s1'] } };
    for (let time = 0; time < 4; time++) {
      const answer = await request(URL_, { ...POST, body: CHAT_FOR_MOCK, dispatcher, ...wishes });
      expect(answer.headers['x-evenkeel-endpoint']).toBe('s1');
      await answer.body.dump();
    }
    await fleet.settled();
  });
});

const CHAT_FOR_MOCK = JSON.stringify({ model: 'mock-model', messages: [{ role: 'user', content: 'Hello' }] });
const STREAM_FOR_MOCK = JSON.stringify({ ...JSON.parse(CHAT_FOR_MOCK), stream: true });

describe.each([
  [
    'the fetch of undici',
    (dispatcher: Dispatcher, init: RequestInit) =>
      undiciFetch(URL_, { ...init, dispatcher } as never) as unknown as Promise<Response>,
  ],
  ['the fetch of Node', nodeFetch],
])('BalancedDispatcher under %s', (_name, get) => {
  it('passes JSON and streams', async () => {
    await using fleet = await Fleet.start();
    const dispatcher = new BalancedDispatcher(fleet.balancer);
    const whole = await get(dispatcher, { ...POST, body: CHAT_FOR_MOCK });
    expect(whole.status).toBe(200);
    expect(await whole.json()).toMatchObject({ object: 'chat.completion' });
    const streamed = await get(dispatcher, { ...POST, body: STREAM_FOR_MOCK });
    expect(streamed.headers.get('content-type')).toContain('text/event-stream');
    expect(await streamed.text()).toMatch(/data: \[DONE\]\n\n$/);
    await fleet.settled();
  });

  it('repeats elsewhere what fails before it is answered', async () => {
    await using fleet = await Fleet.start({ endpoint: (index) => ({ weight: index === 0 ? 100 : 1 }) });
    fleet.server(0).fault = { kind: 'status', status: 500 };
    const dispatcher = new BalancedDispatcher(fleet.balancer);
    for (let time = 0; time < 4; time++) {
      const answer = await get(dispatcher, { ...POST, body: CHAT_FOR_MOCK });
      expect([answer.status, answer.headers.get('x-evenkeel-endpoint')]).toEqual([200, 's1']);
      await answer.text();
    }
    expect(fleet.served).toBe(8);
    await fleet.settled();
  });

  it('shows a stream that breaks off as an error', async () => {
    await using site = await open();
    const upstream = site.rig.nextResponse();
    const answering = get(site.dispatcher, { ...POST, body: CHAT_STREAM });
    const response = await upstream;
    beginStream(response);
    const reader = (await answering).body?.getReader();
    const first = await reader?.read();
    expect(Buffer.from(first?.value ?? []).toString()).toBe(event('one'));
    response.destroy();
    await expect(reader?.read()).rejects.toThrow(/terminated|closed|aborted/);
    await idle(site.rig.balancer);
  });

  it("answers with the balancer's own errors", async () => {
    await using site = await open();
    await site.rig.balancer.drain('a');
    const answer = await get(site.dispatcher, { ...POST, body: CHAT });
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ error: { code: 'no_endpoint' } });
  });

  it("frees the endpoint and closes its connection when the caller's signal aborts", async () => {
    await using site = await open();
    for (const begun of [false, true]) {
      const upstream = site.rig.nextResponse();
      const caller = new AbortController();
      const answering = get(site.dispatcher, { ...POST, body: CHAT_STREAM, signal: caller.signal });
      const response = await upstream;
      const closed = once(response, 'close');
      if (begun) beginStream(response);
      const reading = begun ? (await answering).text() : answering;
      caller.abort();
      await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
      await closed;
      await idle(site.rig.balancer);
    }
  });

  it('frees the endpoint when the body is cancelled', async () => {
    await using site = await open();
    const upstream = site.rig.nextResponse();
    const answering = get(site.dispatcher, { ...POST, body: CHAT_STREAM });
    const response = await upstream;
    const closed = once(response, 'close');
    beginStream(response);
    await (await answering).body?.cancel();
    await closed;
    await idle(site.rig.balancer);
  });
});

describe('what a caller of request sees', () => {
  it('is an error with the reason when a stream breaks off', async () => {
    await using site = await open();
    const upstream = site.rig.nextResponse();
    const answering = request(URL_, { ...POST, body: CHAT_STREAM, dispatcher: site.dispatcher });
    const response = await upstream;
    beginStream(response);
    const { body } = await answering;
    response.end();
    const error = await body.text().catch((reason: unknown) => reason);
    expect(isEvenkeelError(error) && error.code).toBe('STREAM_TRUNCATED');
    await idle(site.rig.balancer);
  });

  it('is its own reason when its signal had aborted before, and nothing is sent', async () => {
    await using site = await open();
    const reason = new Error('changed my mind');
    const refused = request(URL_, {
      ...POST,
      body: CHAT,
      dispatcher: site.dispatcher,
      signal: AbortSignal.abort(reason),
    });
    await expect(refused).rejects.toBe(reason);
    expect(site.rig.asked).toEqual([]);
  });

  it('leaves the endpoint when the body is destroyed', async () => {
    await using site = await open();
    const upstream = site.rig.nextResponse();
    const answering = request(URL_, { ...POST, body: CHAT_STREAM, dispatcher: site.dispatcher });
    const response = await upstream;
    const closed = once(response, 'close');
    beginStream(response);
    const { body } = await answering;
    body.on('error', () => {}).destroy();
    await closed;
    await idle(site.rig.balancer);
  });

  it('is its own error when the request body fails', async () => {
    await using site = await open();
    const broken = new Error('disk');
    const body = new Readable({ read: () => body.destroy(broken) });
    await expect(request(URL_, { ...POST, body, dispatcher: site.dispatcher })).rejects.toBe(broken);
    expect(site.rig.asked).toEqual([]);
  });

  it('is 413 for a body that is too large, and the source is let go', async () => {
    await using site = await open({ maxBodyBytes: 10 });
    const body = Readable.from([Buffer.alloc(8), Buffer.alloc(8), Buffer.alloc(8)]);
    const { statusCode, body: answer } = await request(URL_, { ...POST, body, dispatcher: site.dispatcher });
    expect(statusCode).toBe(413);
    await answer.dump();
    expect(body.destroyed).toBe(true);
  });

  it('reads no more from the endpoint than it takes, and loses nothing', async () => {
    await using site = await open();
    const upstream = site.rig.nextResponse();
    const answering = request('http://any.invalid/v1/files/f/content', { dispatcher: site.dispatcher });
    const response = await upstream;
    response.writeHead(200, { 'content-type': 'application/octet-stream' });
    const megabyte = Buffer.alloc(2 ** 20, 'x');
    response.write(megabyte);
    const { body } = await answering;
    // Until everything between is full, which unlimited buffers never would be.
    let megabytes = 1;
    while (await accepts(response, megabyte)) expect(++megabytes).toBeLessThan(200);
    response.end();
    expect((await body.arrayBuffer()).byteLength).toBe((megabytes + 1) * 2 ** 20);
    await idle(site.rig.balancer);
  });
});

describe('what a handler hears', () => {
  const options = { path: '/v1/chat/completions', ...POST };

  it('is connect, headers as bytes, data, complete: each once, in order', async () => {
    await using site = await open();
    site.rig.answer = (response) => response.writeHead(200, { ...JSON_TYPE, 'x-a': 'b' }).end('{}');
    const handler = new LegacyHandler();
    expect(site.dispatcher.dispatch({ ...options, body: CHAT }, handler)).toBe(true);
    await handler.over;
    expect(handler.heard).toEqual(['connect', 'headers 200', 'data {}', 'complete 0']);
    expect(handler.rawHeaders.every((part) => Buffer.isBuffer(part))).toBe(true);
    const at = handler.rawHeaders.findIndex((part) => String(part) === 'x-a');
    expect(String(handler.rawHeaders[at + 1])).toBe('b');
    handler.abort();
    handler.resume();
    expect(handler.heard).toHaveLength(4);
  });

  it('with a controller is the same, and the controller knows the headers', async () => {
    await using site = await open();
    site.rig.answer = (response) =>
      response.writeHead(200, { ...JSON_TYPE, 'set-cookie': ['a=1', 'b=2'] }).end('{}');
    const heard: unknown[] = [];
    await new Promise<void>((resolve, reject) => {
      site.dispatcher.dispatch(
        { ...options, body: CHAT },
        {
          onRequestStart: (controller) => heard.push(['start', controller.aborted, controller.paused]),
          onResponseStart: (controller, status, headers) => {
            heard.push(['head', status, headers['set-cookie']]);
            heard.push(
              (controller.rawHeaders as Buffer[]).filter((part) => String(part) === 'set-cookie').length,
            );
          },
          onResponseData: (_controller, chunk) => heard.push(['data', String(chunk)]),
          onResponseEnd: (_controller, trailers) => {
            heard.push(['end', trailers]);
            resolve();
          },
          onResponseError: (_controller, error) => reject(error),
        },
      );
    });
    expect(heard).toEqual([
      ['start', false, false],
      ['head', 200, ['a=1', 'b=2']],
      2,
      ['data', '{}'],
      ['end', {}],
    ]);
  });

  it('is nothing after headers that it answers with a pause, until it resumes', async () => {
    await using site = await open();
    for (const streams of [false, true]) {
      site.rig.answer = (response) => {
        if (streams) {
          beginStream(response);
          response.end('data: [DONE]\n\n');
        } else response.writeHead(200, JSON_TYPE).end('{}');
      };
      const handler = new LegacyHandler();
      const head = handler.onHeaders.bind(handler);
      handler.onHeaders = (...heard) => {
        head(...heard);
        return false;
      };
      site.dispatcher.dispatch({ ...options, body: streams ? CHAT_STREAM : CHAT }, handler);
      await handler.until('headers 200');
      await new Promise((resolve) => setImmediate(resolve));
      expect(handler.heard).toEqual(['connect', 'headers 200']);
      handler.resume();
      await handler.over;
      expect(handler.heard.at(-1)).toBe('complete 0');
      expect(handler.heard.length).toBeGreaterThan(3);
    }
  });

  it('is one chunk at a time when each asks for a pause, though many had come before', async () => {
    await using site = await open();
    const upstream = site.rig.nextResponse();
    const handler = new LegacyHandler();
    const take = handler.onData.bind(handler);
    let paused = false;
    handler.onData = (chunk) => {
      expect(paused).toBe(false);
      paused = true;
      setImmediate(() => {
        paused = false;
        handler.resume();
      });
      take(chunk);
      return false;
    };
    site.dispatcher.dispatch({ ...options, body: CHAT_STREAM }, handler);
    const response = await upstream;
    beginStream(response);
    for (let index = 0; index < 20; index++) response.write(event(String(index)));
    response.end('data: [DONE]\n\n');
    await handler.over;
    const all = handler.heard.filter((what) => what.startsWith('data ')).map((what) => what.slice(5));
    expect(all.join('')).toBe(
      `${event('one')}${Array.from({ length: 20 }, (_, index) => event(String(index))).join('')}data: [DONE]\n\n`,
    );
    expect(handler.heard.at(-1)).toBe('complete 0');
  });

  it('is an error at once when it aborts: on connect, before the headers, in the middle of the body', async () => {
    await using site = await open();
    for (const stage of ['connect', 'sent', 'body']) {
      const upstream = site.rig.nextResponse();
      const handler = new LegacyHandler();
      if (stage === 'connect') handler.onConnect = (abort) => abort();
      site.dispatcher.dispatch({ ...options, body: CHAT_STREAM }, handler);
      if (stage !== 'connect') {
        const response = await upstream;
        const closed = once(response, 'close');
        if (stage === 'body') {
          beginStream(response);
          await handler.until(`data ${event('one')}`);
        }
        handler.abort();
        expect(handler.heard.at(-1)).toBe('error');
        await closed;
      }
      expect(handler.error).toBeInstanceOf(errors.RequestAbortedError);
      expect(handler.heard.filter((what) => what === 'error')).toHaveLength(1);
      await idle(site.rig.balancer);
    }
    expect(site.rig.asked).toHaveLength(2);
  });

  it('destroys the stream of a request body that is given up while it waits for more', async () => {
    await using site = await open();
    const body = new Readable({ read() {} });
    body.push('{');
    const handler = new LegacyHandler();
    site.dispatcher.dispatch({ ...options, body }, handler);
    await new Promise((resolve) => setImmediate(resolve));
    const closed = once(body, 'close');
    handler.abort();
    await closed;
    expect(handler.error).toBeInstanceOf(errors.RequestAbortedError);
    expect(site.rig.asked).toEqual([]);
  });

  it.each(['onHeaders', 'onData', 'onComplete'] as const)('is its own error when %s throws', async (name) => {
    await using site = await open();
    const own = new Error('mine');
    const handler = new LegacyHandler();
    handler[name] = () => {
      throw own;
    };
    site.dispatcher.dispatch({ ...options, body: CHAT }, handler);
    await handler.over;
    expect(handler.error).toBe(own);
    await idle(site.rig.balancer);
  });

  it('must be able to tell it of an error', async () => {
    await using site = await open();
    const dispatch = (handler: unknown) => () =>
      site.dispatcher.dispatch({ ...options, body: CHAT }, handler as Dispatcher.DispatchHandler);
    expect(dispatch(undefined)).toThrow('handler must be an object');
    expect(dispatch({})).toThrow('invalid onError method');
    expect(dispatch({ onRequestStart() {} })).toThrow('invalid onResponseError method');
    expect(site.rig.asked).toEqual([]);
  });
});

describe('the end of a BalancedDispatcher', () => {
  const GET = { origin: 'http://any.invalid', path: '/v1/models', method: 'GET' };

  it('close lets requests under way end, takes no new one, and leaves the balancer alone', async () => {
    await using site = await open();
    const upstream = site.rig.nextResponse();
    const answering = site.dispatcher.request({ ...GET, ...POST, body: CHAT_STREAM });
    const response = await upstream;
    let over = false;
    const closing = site.dispatcher.close().then(() => {
      over = true;
    });
    expect(site.dispatcher.closed).toBe(true);
    await expect(site.dispatcher.request(GET)).rejects.toBeInstanceOf(errors.ClientClosedError);
    beginStream(response);
    const { body } = await answering;
    expect(over).toBe(false);
    response.end('data: [DONE]\n\n');
    expect(await body.text()).toContain('[DONE]');
    await closing;
    await site.dispatcher.close();
    site.rig.answer = (answer) => answer.end('{}');
    expect((await site.rig.balancer.fetch('/v1/models')).status).toBe(200);
  });

  it('destroy breaks requests off with its error, waiting or streaming', async () => {
    await using site = await open();
    const reason = new Error('shutting down');
    const upstream = site.rig.nextResponse();
    const first = site.dispatcher.request({ ...GET, ...POST, body: CHAT_STREAM });
    const response = await upstream;
    const closed = once(response, 'close');
    beginStream(response);
    const { body } = await first;
    const second = site.rig.nextResponse();
    const waiting = site.dispatcher.request({ ...GET, ...POST, body: CHAT });
    await second;
    await site.dispatcher.destroy(reason);
    await expect(waiting).rejects.toBe(reason);
    await expect(body.text()).rejects.toBe(reason);
    await closed;
    await idle(site.rig.balancer);
    await expect(site.dispatcher.request(GET)).rejects.toBeInstanceOf(errors.ClientDestroyedError);
    await expect(site.dispatcher.close()).rejects.toBeInstanceOf(errors.ClientDestroyedError);
    await site.dispatcher.destroy();
  });

  it('calls back instead of promising, as undici does', async () => {
    await using site = await open();
    await new Promise<void>((resolve) => site.dispatcher.close(resolve));
    await new Promise<void>((resolve) => site.dispatcher.destroy(resolve));
    await new Promise<void>((resolve) => site.dispatcher.destroy(null, resolve));
    expect(site.dispatcher.destroyed).toBe(true);
  });

  it.each(['close', 'destroy'] as const)('%s closes the balancer too when told to', async (how) => {
    await using site = await open();
    const dispatcher = new BalancedDispatcher(site.rig.balancer, { closeBalancer: true });
    await dispatcher[how]();
    expect(site.rig.balancer.snapshot().closed).toBe(true);
  });

  it('refuses options that it does not know', () => {
    const balancer = new LoadBalancer({ endpoints: [{ url: 'http://127.0.0.1:9' }] });
    expect(() => new BalancedDispatcher(balancer, { closes: true } as object)).toThrow(InvalidOptionError);
    expect(() => new BalancedDispatcher(balancer, { closeBalancer: 'yes' } as unknown as object)).toThrow(
      'options.closeBalancer',
    );
  });
});

/** Writes a chunk; false when it is not taken within so many turns of the event loop. */
function accepts(response: ServerResponse, chunk: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    let turns = 2000;
    const look = () => {
      if (response.writableLength === 0) resolve(true);
      else if (--turns === 0) resolve(false);
      else setImmediate(look);
    };
    response.write(chunk, look);
    look();
  });
}
