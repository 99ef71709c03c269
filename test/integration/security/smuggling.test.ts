import { expressBalancer } from 'evenkeel/express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Asked, CHAT, FacadeRig, fetchAll, Site } from '../../support/facade-rig.js';
import { exchange, SERVED_FACADES, type ServedFacade } from '../../support/served-facades.js';

/** What a caller may try, over and above a request that is all right. */
const HOP_BY_HOP: readonly (readonly [name: string, value: string])[] = [
  ['te', 'trailers'],
  ['trailer', 'x-checksum'],
  ['keep-alive', 'timeout=1000'],
  ['proxy-connection', 'keep-alive'],
  ['proxy-authorization', 'Basic c2VjcmV0'],
  ['upgrade', 'h2c'],
  ['http2-settings', 'AAMAAABkAAQCAAAAAAIAAAAA'],
  ['x-mine', 'named by connection'],
];
const NAMED = 'close, HTTP2-Settings , upgrade,X-Mine,,';

function expectClean(asked: Asked | undefined): void {
  expect(asked?.body.toString()).toBe(CHAT);
  expect(asked?.headers['content-length']).toBe(String(CHAT.length));
  for (const name of ['transfer-encoding', ...HOP_BY_HOP.map(([header]) => header)])
    expect([name, asked?.headers[name]]).toEqual([name, undefined]);
}

describe('A caller cannot smuggle a request', () => {
  it('through fetch, by framing headers of its own', async () => {
    await using rig = await FacadeRig.open();
    const smuggled = `0\r\n\r\nPOST /v1/admin HTTP/1.1\r\nhost: a\r\n\r\n`;
    const headers = {
      ...Object.fromEntries(HOP_BY_HOP),
      connection: NAMED,
      'content-type': 'application/json',
    };
    for (const framing of [
      { 'Transfer-Encoding': 'chunked' },
      { 'transfer-encoding': 'identity, chunked', 'Content-Length': '5' },
      { 'CONTENT-LENGTH': '3' },
      { 'content-length': '999999', Expect: '100-continue' },
    ]) {
      await rig.balancer.fetch('/v1/chat/completions', {
        method: 'POST',
        headers: { ...headers, ...framing } as unknown as Record<string, string>,
        body: CHAT,
      });
      expectClean(rig.asked.at(-1));
    }
    expect(rig.asked).toHaveLength(4);
    // A body that is itself a request stays a body.
    await rig.balancer.fetch('/v1/files', { method: 'POST', body: smuggled });
    expect(rig.asked.map(({ url }) => url).at(-1)).toBe('/v1/files');
    expect(rig.asked.at(-1)?.body.toString()).toBe(smuggled);
    expect(rig.asked).toHaveLength(5);
  });

  it.each([
    ['line breaks', { 'x-one': 'a\r\nx-two: b' }],
    ['a line break that a server may take for one', { 'x-one': 'a\nb' }],
    ['a space before the colon', { 'transfer-encoding ': 'chunked' }],
    ['a colon in a name', { 'x:y': 'a' }],
    ['a line break in a name', { 'x\r\ny': 'a' }],
    ['a name that is none', { '': 'a' }],
  ])('through fetch, by %s in a header: 400, nothing is sent, nobody is blamed', async (_, headers) => {
    await using rig = await FacadeRig.open();
    const answer = await rig.balancer.fetch('/v1/models', {
      headers: headers as unknown as Record<string, string>,
    });
    expect(answer.status).toBe(400);
    expect(rig.asked).toEqual([]);
    expect(rig.balancer.endpoints[0]?.state).toBe('healthy');
  });

  it.each(['GET\r\nx: y', 'GE T', 'GET /x HTTP/1.1\r\n\r\n', ''])(
    'through fetch, by the method %j: 400, or nothing at all',
    async (method) => {
      await using rig = await FacadeRig.open();
      const answer = await rig.balancer.fetch('/v1/models', { method });
      expect(answer.status).toBe(400);
      expect(rig.asked).toEqual([]);
    },
  );

  for (const [name, open] of Object.entries(SERVED_FACADES)) {
    describe(`through ${name}`, () => {
      let rig: FacadeRig;
      let site: ServedFacade;
      beforeAll(async () => {
        rig = await FacadeRig.open();
        site = await open(rig.balancer);
      });
      afterAll(async () => {
        await site[Symbol.asyncDispose]();
        await rig[Symbol.asyncDispose]();
      });

      const head = (lines: readonly string[]) =>
        [
          'POST /v1/chat/completions HTTP/1.1',
          'host: app',
          'content-type: application/json',
          ...lines,
          '',
          '',
        ].join('\r\n');

      it('by hop-by-hop headers, and headers that `connection` names', async () => {
        rig.asked.length = 0;
        const lines = HOP_BY_HOP.map(([header, value]) => `${header}: ${value}`);
        // Without `upgrade`: a server that takes h2c is not what is asked here.
        const request = head([
          ...lines.filter((line) => !line.startsWith('upgrade')),
          `content-length: ${CHAT.length}`,
          `connection: ${NAMED}`,
        ]);
        expect(await exchange(site.url, request + CHAT)).toMatch(/^HTTP\/1\.1 200 /);
        expect(rig.asked).toHaveLength(1);
        expectClean(rig.asked[0]);
      });

      it('by a chunked body whose end is a request', async () => {
        rig.asked.length = 0;
        const chunked = `${CHAT.length.toString(16)}\r\n${CHAT}\r\n0\r\n\r\n`;
        const request = head(['transfer-encoding: chunked', 'connection: close']) + chunked;
        await exchange(
          site.url,
          `${request}POST /v1/smuggled HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n`,
        );
        expect(rig.asked.map(({ url }) => url)).toEqual(['/v1/chat/completions']);
        expectClean(rig.asked[0]);
      });

      it.each([
        ['both lengths', [`content-length: ${CHAT.length}`, 'transfer-encoding: chunked']],
        ['two lengths', ['content-length: 5', `content-length: ${CHAT.length}`]],
        ['an encoding after chunked', ['transfer-encoding: chunked, identity']],
        [
          'an encoding with a tab in its name',
          ['transfer-encoding\t: chunked', `content-length: ${CHAT.length}`],
        ],
        ['a folded line', ['x-one: a', ' transfer-encoding: chunked', `content-length: ${CHAT.length}`]],
      ])('by %s: no second request comes of it', async (_, lines) => {
        rig.asked.length = 0;
        const body = `0\r\n\r\nPOST /v1/smuggled HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n`;
        await exchange(site.url, head([...lines, 'connection: close']) + body);
        expect(rig.asked.filter(({ url }) => url !== '/v1/chat/completions')).toEqual([]);
        expect(rig.balancer.snapshot()).toMatchObject({ outstanding: 0, queued: 0 });
      });

      it('by naming in `connection` what says who asked: that is still said', async () => {
        rig.asked.length = 0;
        const request = head([
          'x-forwarded-for: 1.2.3.4',
          'connection: close, x-forwarded-for, x-real-ip, x-forwarded-proto, x-forwarded-host',
          `content-length: ${CHAT.length}`,
        ]);
        await exchange(site.url, request + CHAT);
        const headers = rig.asked[0]?.headers ?? {};
        expect([headers['x-forwarded-host'], headers['x-forwarded-proto']]).toEqual(['app', 'http']);
        // A `Request` does not tell where it came from.
        if (name !== 'web')
          expect([headers['x-forwarded-for'], headers['x-real-ip']]).toEqual(['127.0.0.1', '127.0.0.1']);
      });
    });
  }

  it('through Express, by naming in `connection` a header that the application adds', async () => {
    await using rig = await FacadeRig.open();
    const middleware = expressBalancer(rig.balancer, { headers: () => ({ 'x-tenant': 'acme' }) });
    await using site = await Site.open((request, response) => middleware(request, response, () => {}));
    await fetchAll(`${site.url}/v1/models`, {
      headers: { 'x-tenant': 'evil', connection: 'close, x-tenant' },
    });
    expect(rig.asked[0]?.headers['x-tenant']).toBe('acme');
  });

  it('an endpoint cannot either: what its `connection` names ends here, and framing is ours', async () => {
    await using rig = await FacadeRig.open();
    await using site = await SERVED_FACADES.Express(rig.balancer);
    rig.answer = (response) => {
      response.setHeader('connection', 'x-internal, close');
      response.setHeader('x-internal', 'secret').setHeader('trailer', 'x-sum').setHeader('upgrade', 'h2c');
      response.setHeader('content-type', 'application/json').write('{"ok":');
      response.addTrailers({ 'x-sum': '1' });
      response.end('true}');
    };
    const { headers, text } = await fetchAll(`${site.url}/v1/models`);
    expect(text).toBe('{"ok":true}');
    for (const name of ['x-internal', 'trailer', 'upgrade', 'transfer-encoding'])
      expect([name, headers[name]]).toEqual([name, undefined]);
  });
});
