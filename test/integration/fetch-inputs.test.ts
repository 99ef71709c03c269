import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { LoadBalancer } from '../../src/index.js';
import { httpServer, type ScriptedServer } from '../support/scripted-server.js';

/** A request as it came to the server. */
interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: Buffer;
}

let server: ScriptedServer;
let balancer: LoadBalancer;
let seen: Seen[] = [];

beforeAll(async () => {
  server = await httpServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      seen.push({ method, url, headers, body: Buffer.concat(chunks) });
      switch (url) {
        case '/empty':
          return response.writeHead(204, { 'x-kind': 'empty' }).end();
        case '/elsewhere':
          return response.writeHead(302, { location: '/v1/models' }).end();
        case '/cookies':
          return response.writeHead(200, { 'set-cookie': ['a=1', 'b=2'] }).end('yes');
        default:
          return response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}');
      }
    });
  });
  balancer = new LoadBalancer({ endpoints: [{ url: server.url, id: 'only' }] });
});

afterEach(() => {
  expect(balancer.snapshot().outstanding).toBe(0);
});

afterAll(async () => {
  await balancer.close();
  await server[Symbol.asyncDispose]();
});

beforeEach(() => {
  seen = [];
});

describe('fetch takes every form of input', () => {
  const inputs: [string, string | URL | Request][] = [
    ['a string', 'http://any.example:99/v1/models?limit=2'],
    ['a URL', new URL('https://any.example/v1/models?limit=2')],
    ['a Request', new Request('http://any.example/v1/models?limit=2')],
    ['a bare path', '/v1/models?limit=2'],
  ];
  for (const [name, input] of inputs) {
    it(`${name}, whose origin is ignored`, async () => {
      const response = await balancer.fetch(input);
      expect(response).toBeInstanceOf(Response);
      expect(await response.json()).toEqual({ ok: true });
      expect(seen.map(({ method, url, body }) => [method, url, body.length])).toEqual([
        ['GET', '/v1/models?limit=2', 0],
      ]);
    });
  }

  it('a Request with method, headers and body, of which init replaces what it names', async () => {
    const request = new Request('http://any.example/v1/embeddings', {
      method: 'POST',
      headers: { 'x-from': 'request', 'content-type': 'application/json' },
      body: '{"model":"m"}',
    });
    await balancer.fetch(request.clone());
    await balancer.fetch(request, { headers: { 'x-from': 'init' }, body: '{"model":"n"}' });
    expect(seen.map(({ method, headers, body }) => [method, headers['x-from'], body.toString()])).toEqual([
      ['POST', 'request', '{"model":"m"}'],
      ['POST', 'init', '{"model":"n"}'],
    ]);
  });

  it('never a URL with credentials, whose secret is not repeated', async () => {
    const refused = balancer.fetch('http://user:hunter2@any.example/v1/models');
    await expect(refused).rejects.toThrow(TypeError);
    await expect(refused).rejects.not.toThrow(/hunter2/);
    expect(seen).toEqual([]);
  });

  it('never GET or HEAD with a body', async () => {
    await expect(balancer.fetch('/v1/models', { method: 'HEAD', body: 'x' })).rejects.toThrow(TypeError);
    await expect(balancer.fetch('/v1/models', { body: 'x' })).rejects.toThrow(TypeError);
    expect(seen).toEqual([]);
  });
});

describe('fetch takes every kind of body', () => {
  const text = '{"model":"ünï"}';
  const bytes = new TextEncoder().encode(text);
  const framed = new Uint8Array([0, ...bytes, 0]);
  const bodies: [string, () => unknown, string | undefined][] = [
    ['string', () => text, 'text/plain;charset=UTF-8'],
    ['Uint8Array', () => bytes, undefined],
    ['Uint8Array within a larger buffer', () => framed.subarray(1, -1), undefined],
    ['ArrayBuffer', () => bytes.buffer, undefined],
    ['DataView', () => new DataView(framed.buffer, 1, bytes.length), undefined],
    ['Blob', () => new Blob([bytes], { type: 'application/json' }), 'application/json'],
    ['ReadableStream', () => new Blob([bytes]).stream(), undefined],
    [
      'async iterable',
      async function* () {
        yield bytes.subarray(0, 5);
        yield bytes.subarray(5);
      },
      undefined,
    ],
  ];
  for (const [name, make, type] of bodies) {
    it(name, async () => {
      const body = make();
      const init = { method: 'POST', body, duplex: 'half' } as RequestInit;
      expect((await balancer.fetch('/v1/files', init)).status).toBe(200);
      expect(seen[0]?.body.toString()).toBe(text);
      expect(seen[0]?.headers['content-type']).toBe(type);
      // Buffered once, so its length is known, whatever it came as.
      expect(seen[0]?.headers['content-length']).toBe(String(bytes.length));
    });
  }

  it('URLSearchParams', async () => {
    await balancer.fetch('/v1/files', { method: 'POST', body: new URLSearchParams({ a: 'ü&', b: '2' }) });
    expect(seen[0]?.body.toString()).toBe('a=%C3%BC%26&b=2');
    expect(seen[0]?.headers['content-type']).toBe('application/x-www-form-urlencoded;charset=UTF-8');
  });

  it('FormData, with the boundary that its content type names', async () => {
    const form = new FormData();
    form.set('model', 'whisper-1');
    form.set('file', new Blob([framed]), 'a.wav');
    await balancer.fetch('/v1/audio/transcriptions', { method: 'POST', body: form });
    const [request] = seen;
    const again = new Response(new Uint8Array(request?.body ?? []), {
      headers: { 'content-type': String(request?.headers['content-type']) },
    });
    const read = await again.formData();
    expect(read.get('model')).toBe('whisper-1');
    const file = read.get('file');
    expect(file instanceof File && new Uint8Array(await file.arrayBuffer())).toEqual(framed);
  });

  it('none, where it is null', async () => {
    await balancer.fetch('/v1/files', { method: 'POST', body: null });
    expect(seen[0]?.body.length).toBe(0);
  });

  it('a content type that the caller gives stays', async () => {
    await balancer.fetch('/v1/files', { method: 'POST', body: text, headers: { 'Content-Type': 'text/x' } });
    expect(seen[0]?.headers['content-type']).toBe('text/x');
  });

  it('a stream of something other than bytes fails as in fetch', async () => {
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(17);
        controller.close();
      },
    });
    await expect(
      balancer.fetch('/v1/files', { method: 'POST', body, duplex: 'half' } as RequestInit),
    ).rejects.toThrow(TypeError);
    expect(balancer.snapshot().outstanding).toBe(0);
  });
});

describe('fetch takes every form of headers', () => {
  const forms: [string, RequestInit['headers']][] = [
    ['Headers', new Headers({ 'X-One': '1', 'X-Two': '2' })],
    [
      'pairs',
      [
        ['X-One', '1'],
        ['X-Two', '2'],
      ],
    ],
    ['an object', { 'X-One': '1', 'X-Two': '2' }],
  ];
  for (const [name, headers] of forms) {
    it(name, async () => {
      await balancer.fetch('/v1/models', { headers });
      expect(seen[0]?.headers).toMatchObject({ 'x-one': '1', 'x-two': '2' });
    });
  }

  it('pairs with a name that comes twice are joined', async () => {
    await balancer.fetch('/v1/models', {
      headers: [
        ['x-tag', 'a'],
        ['X-Tag', 'b'],
      ],
    });
    expect(seen[0]?.headers['x-tag']).toBe('a, b');
  });
});

describe('fetch answers with a standard Response', () => {
  it('to HEAD, without a body', async () => {
    const response = await balancer.fetch('/v1/models', { method: 'HEAD' });
    expect([response.status, await response.text()]).toEqual([200, '']);
    expect(seen[0]?.method).toBe('HEAD');
  });

  it('of status 204, without a body', async () => {
    const response = await balancer.fetch('/empty');
    expect([response.status, response.body, response.headers.get('x-kind')]).toEqual([204, null, 'empty']);
  });

  it('of a redirect, which is not followed', async () => {
    const response = await balancer.fetch('/elsewhere');
    expect([response.status, response.headers.get('location')]).toEqual([302, '/v1/models']);
    expect(seen).toHaveLength(1);
  });

  it('that names the endpoint and counts the attempts', async () => {
    const { headers } = await balancer.fetch('/v1/models');
    expect([headers.get('x-evenkeel-endpoint'), headers.get('x-evenkeel-attempts')]).toEqual(['only', '1']);
  });

  it('that keeps cookies apart', async () => {
    const { headers } = await balancer.fetch('/cookies');
    expect(headers.getSetCookie()).toEqual(['a=1', 'b=2']);
  });

  it('that can be cloned and read twice', async () => {
    const response = await balancer.fetch('/v1/models');
    const copy = response.clone();
    expect(await copy.json()).toEqual(await response.json());
  });
});
