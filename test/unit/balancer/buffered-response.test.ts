import { describe, expect, it } from 'vitest';
import { bufferedResponse } from '../../../src/balancer/fetch/buffered-response.js';

type Make = (bytes: Uint8Array, init?: ResponseInit) => Response;
const ours: Make = (bytes, init = {}) => bufferedResponse(bytes, init);
const platform: Make = (bytes, init = {}) => new Response(bytes as Uint8Array<ArrayBuffer>, init);

const BODIES: [string, Uint8Array][] = [
  ['JSON', Buffer.from('{"a":["ü","👍"]}')],
  ['a byte-order mark', Buffer.from('\ufeff{"a":1}')],
  ['text', Buffer.from('no JSON')],
  ['bytes that are no text', Uint8Array.of(0xff, 0x00, 0xfe, 0xc3)],
  ['nothing', new Uint8Array(0)],
  ['a part of a larger buffer', Buffer.from('xx{"a":1}yy').subarray(2, 9)],
];

/** What came of it, errors by their kind, comparable between the two. */
async function outcome(act: () => unknown): Promise<unknown> {
  try {
    const value = await act();
    if (value instanceof ArrayBuffer) return Buffer.from(value).toString('hex');
    if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
    if (value instanceof Blob) return { type: value.type, text: await value.text() };
    if (value instanceof FormData) return [...value];
    return value;
  } catch (error) {
    return (error as Error).name;
  }
}

type Act = (response: Response) => unknown;
const ACTS: Record<string, Act> = {
  text: (response) => response.text(),
  json: (response) => response.json(),
  arrayBuffer: (response) => response.arrayBuffer(),
  blob: (response) => response.blob(),
  formData: (response) => response.formData(),
  'body read': async (response) =>
    Buffer.from(await new Response(response.body).arrayBuffer()).toString('hex'),
  'body is null': (response) => response.body === null,
  'body locked': (response) => response.body?.locked,
  bodyUsed: (response) => response.bodyUsed,
  // Not waited for: a stream that was cloned is cancelled when both halves are.
  'body cancelled': (response) => {
    response.body?.cancel().catch(() => {});
    return response.bodyUsed;
  },
  'clone text': (response) => response.clone().text(),
  'clone head': (response) => {
    const copy = response.clone();
    return [copy.status, copy.statusText, [...copy.headers], copy instanceof Response];
  },
};

describe.each(BODIES)('a buffered Response of %s', (_, bytes) => {
  const init = { status: 201, statusText: 'Made', headers: { 'content-type': 'text/plain', 'x-a': '1' } };

  it.each(Object.keys(ACTS))('does as the platform’s: %s, then anything', async (first) => {
    for (const second of Object.keys(ACTS)) {
      const [mine, theirs] = await Promise.all(
        [ours, platform].map(async (make) => {
          const response = make(bytes, init);
          const one = await outcome(() => ACTS[first]?.(response));
          const two = await outcome(() => ACTS[second]?.(response));
          return { second, one, two, used: response.bodyUsed };
        }),
      );
      expect(mine).toEqual(theirs);
    }
  });
});

describe('a buffered Response', () => {
  it('is a Response, with everything that one has', () => {
    const init = {
      status: 404,
      statusText: 'Not Found',
      headers: [
        ['set-cookie', 'a=1'],
        ['set-cookie', 'b=2'],
      ] as [string, string][],
    };
    const [mine, theirs] = [ours(Buffer.from('x'), init), platform(Buffer.from('x'), init)];
    expect(mine).toBeInstanceOf(Response);
    expect(Object.prototype.toString.call(mine)).toBe('[object Response]');
    for (const field of ['status', 'statusText', 'ok', 'type', 'url', 'redirected'] as const) {
      expect(mine[field]).toBe(theirs[field]);
    }
    expect([...mine.headers]).toEqual([...theirs.headers]);
    expect(mine.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
  });

  it('gives its bytes as well where the platform may not yet do so', async () => {
    expect(Buffer.from(await bufferedResponse(Buffer.from('abc'), {}).bytes()).toString()).toBe('abc');
  });

  it('hands out bytes that the reader may change', async () => {
    const shared = Buffer.from('xabcx').subarray(1, 4);
    const taken = new Uint8Array(await ours(shared).arrayBuffer());
    expect(taken).toHaveLength(3);
    taken.fill(0);
    expect(shared.toString()).toBe('abc');
  });

  it('reads a form', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    expect([...(await ours(Buffer.from('a=1&b=2'), { headers }).formData())]).toEqual([
      ['a', '1'],
      ['b', '2'],
    ]);
  });

  it('can be wrapped in another Response', async () => {
    const mine = ours(Buffer.from('abc'), { status: 202 });
    const wrapped = new Response(mine.body, mine);
    expect(wrapped.status).toBe(202);
    expect(await wrapped.text()).toBe('abc');
    expect(mine.bodyUsed).toBe(true);
  });

  it('has clones that are read apart, before and after its stream was asked for', async () => {
    for (const prepare of [() => {}, (response: Response) => void response.body]) {
      const mine = ours(Buffer.from('abc'));
      prepare(mine);
      const copy = mine.clone();
      expect(await mine.text()).toBe('abc');
      expect(copy.bodyUsed).toBe(false);
      expect(await copy.text()).toBe('abc');
    }
  });
});
