import { describe, expect, it } from 'vitest';
import { type FetchInit, type FetchInput, readRequest } from '../../../src/balancer/fetch.js';

async function bodyOf(input: FetchInput, init?: FetchInit): Promise<string | undefined> {
  const { body } = readRequest(input, init);
  if (body === undefined) return undefined;
  if (body instanceof Promise) throw new Error('fetch promises no bodies');
  if (body instanceof Uint8Array) return Buffer.from(body).toString();
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
const post = (body: FetchInit['body']): FetchInit => ({ method: 'POST', body, duplex: 'half' }) as FetchInit;

describe('readRequest', () => {
  it.each<[FetchInput]>([
    ['http://anywhere.test/v1/models?x=1#part'],
    ['/v1/models?x=1'],
    ['v1/models?x=1'],
    [new URL('https://other.test:8443/v1/models?x=1#part')],
    [new Request('http://other.test/v1/models?x=1')],
  ])('takes the path and query of %s, and drops the origin', (input) => {
    expect(readRequest(input)).toMatchObject({ method: 'GET', path: '/v1/models?x=1', body: undefined });
  });

  it('refuses what is no URL, and one that holds credentials, without showing them', () => {
    expect(() => readRequest('http://')).toThrow(TypeError);
    expect(() => readRequest('http://user:hunter2@h/v1')).toThrow(TypeError);
    expect(() => readRequest('http://user:hunter2@h/v1')).not.toThrow(/hunter2/);
    expect(() => readRequest(new URL('http://user:hunter2@h/v1'))).toThrow(TypeError);
  });

  it('reads methods in any case, and refuses those that fetch refuses', () => {
    expect(readRequest('/', { method: 'post' }).method).toBe('POST');
    for (const method of ['CONNECT', 'trace', 'TRACK']) {
      expect(() => readRequest('/', { method })).toThrow(TypeError);
    }
  });

  it('reads headers of every form, names in lower case, repeated ones joined', () => {
    const expected = { 'x-a': '1, 2', 'x-b': '3' };
    const pairs: [string, string][] = [
      ['X-A', '1'],
      ['x-a', '2'],
      ['X-B', '3'],
    ];
    expect(readRequest('/', { headers: pairs }).headers).toEqual(expected);
    expect(readRequest('/', { headers: new Headers(pairs) }).headers).toEqual(expected);
    expect(readRequest('/', { headers: { 'X-A': '1, 2', 'X-B': '3' } }).headers).toEqual(expected);
    expect(readRequest(new Request('http://h/', { headers: pairs })).headers).toEqual(expected);
  });

  it('lets init have the last word over a Request', async () => {
    const request = new Request('http://h/v1/a', {
      method: 'POST',
      body: 'old',
      headers: { 'x-a': 'old', 'x-b': 'old' },
    });
    const { signal } = new AbortController();
    const init = { method: 'PUT', headers: { 'x-a': 'new' }, body: 'new', signal };
    const read = readRequest(request, init);
    expect(read).toMatchObject({ method: 'PUT', path: '/v1/a', signal });
    expect(read.headers).toMatchObject({ 'x-a': 'new' });
    expect(read.headers).not.toHaveProperty('x-b');
    expect(Buffer.from(read.body as Uint8Array).toString()).toBe('new');
    expect(readRequest(request, { body: null }).body).toBeUndefined();
  });

  it('takes method, body and signal of a Request', async () => {
    const controller = new AbortController();
    const request = new Request('http://h/', { method: 'POST', body: '{"a":1}', signal: controller.signal });
    const read = readRequest(request);
    expect(read.headers['content-type']).toBe('text/plain;charset=UTF-8');
    controller.abort();
    expect(read.signal?.aborted).toBe(true);
    expect(await bodyOf(new Request('http://h/', { method: 'POST', body: '{"a":1}' }))).toBe('{"a":1}');
  });

  it('hands the balancer’s own wishes on beside the request, not in its headers', () => {
    const read = readRequest('/', { evenkeel: { priority: 4 } });
    expect(read.overrides).toEqual({ priority: 4 });
    expect(read.headers).toEqual({});
  });

  it.each<[string, () => NonNullable<FetchInit['body']>]>([
    ['a string', () => 'ü1'],
    ['bytes', () => Buffer.from('ü1')],
    ['an ArrayBuffer', () => Uint8Array.from(Buffer.from('ü1')).buffer],
    ['a view of a part', () => new DataView(Uint8Array.from(Buffer.from('xxü1')).buffer, 2)],
    ['a Blob', () => new Blob(['ü1'])],
    ['a stream', () => new Blob(['ü1']).stream()],
  ])('reads %s as its bytes', async (_, make) => {
    expect(await bodyOf('/', post(make()))).toBe('ü1');
  });

  it('reads an async iterable of bytes and text, and refuses other chunks', async () => {
    async function* chunks(...all: unknown[]) {
      yield* all;
    }
    const body = (...all: unknown[]) => post(chunks(...all) as unknown as ReadableStream);
    expect(await bodyOf('/', body(Buffer.from('a'), 'b'))).toBe('ab');
    await expect(bodyOf('/', body(5))).rejects.toThrow(TypeError);
  });

  it('does not copy bytes', () => {
    const bytes = Buffer.from('x');
    expect(readRequest('/', post(bytes)).body).toBe(bytes);
  });

  it('sets the content type that fetch would set, unless there is one', async () => {
    const form = new FormData();
    form.set('field', 'value');
    const typeOf = (init: FetchInit) => readRequest('/', init).headers['content-type'];
    const platform = (body: NonNullable<FetchInit['body']>) =>
      new Request('http://h/', post(body)).headers.get('content-type') ?? undefined;
    for (const body of [
      'text',
      new URLSearchParams('a=1'),
      new Blob(['x'], { type: 'audio/wav' }),
      new Blob(['x']),
      Buffer.from('x'),
    ]) {
      expect(typeOf(post(body))).toBe(platform(body));
    }
    expect(typeOf(post(form))).toMatch(/^multipart\/form-data; boundary=/);
    expect(typeOf({ ...post('{}'), headers: { 'Content-Type': 'application/json' } })).toBe(
      'application/json',
    );
    expect(await bodyOf('/', post(form))).toContain('name="field"');
    expect(await bodyOf('/', post(new URLSearchParams({ a: 'ü' })))).toBe('a=%C3%BC');
  });

  it.each(['GET', 'HEAD'])('refuses a body with %s, as fetch does', (method) => {
    expect(() => readRequest('/', { method, body: 'x' })).toThrow(TypeError);
    expect(readRequest('/', { method, body: null }).body).toBeUndefined();
  });

  it('keeps an empty body apart from none', async () => {
    expect(await bodyOf('/', { method: 'POST', body: '' })).toBe('');
    expect(await bodyOf('/', { method: 'POST' })).toBeUndefined();
  });
});
