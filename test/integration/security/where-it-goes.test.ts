import { LoadBalancer } from 'evenkeel';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FacadeRig } from '../../support/facade-rig.js';
import { type ScriptedServer, tcpServer } from '../../support/scripted-server.js';
import { exchange, SERVED_FACADES, type ServedFacade } from '../../support/served-facades.js';

/** A server that is no endpoint: nothing must ever reach it. */
let forbidden: ScriptedServer;
let intrusions = 0;

beforeAll(async () => {
  forbidden = await tcpServer((socket) => {
    intrusions++;
    socket.destroy();
  });
});
beforeEach(() => {
  intrusions = 0;
});
afterAll(() => forbidden[Symbol.asyncDispose]());

/** `127.0.0.1:PORT` of the server that is no endpoint. */
const elsewhere = () => new URL(forbidden.url).host;

describe('A request goes to the configured endpoints, whatever fetch is asked for', () => {
  it.each<[string, (host: string) => string, string]>([
    ['an absolute URL', (host) => `http://${host}/v1/models`, '/v1/models'],
    ['a URL without a scheme', (host) => `//${host}/v1/models`, '/v1/models'],
    ['backslashes for slashes', (host) => `\\\\${host}\\v1\\models`, '/v1/models'],
    ['a mixture of slashes', (host) => `/\\${host}/v1/models`, '/v1/models'],
    ['tabs and line breaks, which URLs drop', (host) => `/\t/${host}\n/v1/models`, '/v1/models'],
    ['a fragment', (host) => `/v1/models#@${host}`, '/v1/models'],
    ['a query that is a URL', (host) => `/v1/models?url=http://${host}/`, '/v1/models?url=http://127'],
    ['dot segments', () => '/v1/../../../v1/./models', '/v1/models'],
    ['dot segments, escaped', () => '/v1/%2e%2e/%2E./v1/models', '/v1/models'],
  ])('%s', async (_, input, path) => {
    await using rig = await FacadeRig.open();
    const { status } = await rig.balancer.fetch(input(elsewhere()));
    expect(status).toBe(200);
    expect(rig.asked[0]?.url.startsWith(path)).toBe(true);
    expect(intrusions).toBe(0);
  });

  it.each(['file:///etc/passwd', 'data:text/plain,x', 'blob:http://x/y', 'javascript:1'])(
    'nothing is read for %s',
    async (input) => {
      await using rig = await FacadeRig.open();
      const answer = await rig.balancer.fetch(input);
      // Its path, if it has one, is asked of the endpoint like any other.
      expect(await answer.text()).toMatch(/ok|invalid_request/);
      expect(rig.asked.every(({ url }) => url.startsWith('/'))).toBe(true);
    },
  );

  it('dot segments behind an escaped slash do not lead out of the base path', async () => {
    await using rig = await FacadeRig.open();
    await using balancer = new LoadBalancer({
      endpoints: [{ url: `${new URL((rig.balancer.endpoints[0]?.url ?? '') as string).origin}/team-a/v1` }],
    });
    for (const path of [
      '/v1/..%2f..%2fteam-b/v1/models',
      '/v1/x%5c..%5C..',
      '/v1/..;/admin',
      '/v1/%2e%2e%2fx',
    ]) {
      const answer = await balancer.fetch(path);
      expect([
        path,
        answer.status,
        ((await answer.json()) as { error: { code: string } }).error.code,
      ]).toEqual([path, 400, 'invalid_request']);
    }
    expect(rig.asked).toEqual([]);
    // Dots that are no segment of their own are names like others.
    expect((await balancer.fetch('/v1/models/llama-3.1..q4/.hidden/...?x=/../')).status).toBe(200);
    expect(rig.asked[0]?.url).toBe('/team-a/v1/models/llama-3.1..q4/.hidden/...?x=/../');
  });

  it('a redirect is handed to the caller, with the key still where it belongs', async () => {
    await using rig = await FacadeRig.open();
    for (const status of [301, 302, 303, 307, 308]) {
      rig.answer = (response) => response.writeHead(status, { location: `${forbidden.url}/steal` }).end();
      const answer = await rig.balancer.fetch('/v1/models', { headers: { authorization: 'Bearer canary' } });
      expect([answer.status, answer.headers.get('location')]).toEqual([status, `${forbidden.url}/steal`]);
    }
    expect(intrusions).toBe(0);
    expect(rig.asked).toHaveLength(5);
  });

  it('a path that is none is refused, also where no facade has looked at it', async () => {
    await using rig = await FacadeRig.open();
    for (const path of [`http://${elsewhere()}/`, 'http://:80:80/', '\\\\x', '*', 'v1/models', '']) {
      const reply = await rig.balancer.send({
        method: 'GET',
        path,
        headers: {},
        body: undefined,
        signal: undefined,
      });
      expect([path, reply.status]).toEqual([path, 400]);
    }
    expect(rig.asked).toEqual([]);
    expect(intrusions).toBe(0);
  });

  it('CONNECT and TRACE are refused', async () => {
    await using rig = await FacadeRig.open();
    for (const method of ['CONNECT', 'connect', 'TRACE', 'TRACK'])
      await expect(rig.balancer.fetch('/', { method })).rejects.toBeInstanceOf(TypeError);
  });
});

for (const [name, open] of Object.entries(SERVED_FACADES)) {
  describe(`A request goes to the configured endpoints, whatever ${name} is asked for`, () => {
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

    it.each<[string, (host: string) => string]>([
      ['an absolute URL', (host) => `http://${host}/v1/models`],
      ['two slashes', (host) => `//${host}/v1/models`],
      ['two slashes below the mount', (host) => `/v1//${host}/models`],
      ['backslashes', (host) => `/v1/\\\\${host}\\models`],
      ['dot segments', () => '/v1/../admin'],
      ['escaped dot segments', () => '/v1/%2e%2e/admin'],
      ['an escaped slash after the dots', () => '/v1/..%2fadmin'],
      ['dots before backslashes', () => '/v1/..\\admin'],
      ['an at sign', (host) => `/v1/@${host}/models`],
      ['an asterisk', () => '*'],
    ])('%s: nothing but the endpoint is asked, and nothing outside the mount', async (_, target) => {
      rig.asked.length = 0;
      const answer = await exchange(
        site.url,
        `GET ${target(elsewhere())} HTTP/1.1\r\nhost: app\r\nconnection: close\r\n\r\n`,
      );
      expect(answer).toMatch(/^HTTP\/1\.1 (200|4\d\d) /);
      expect(intrusions).toBe(0);
      for (const { url } of rig.asked) {
        expect(url).toMatch(/^\/v1\//);
        expect(new URL(url, 'http://endpoint').pathname).toMatch(/^\/v1\//);
      }
    });

    it('CONNECT opens no tunnel', async () => {
      const host = elsewhere();
      const answer = await exchange(site.url, `CONNECT ${host} HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
      expect(answer).not.toMatch(/^HTTP\/1\.1 2/);
      expect(intrusions).toBe(0);
    });
  });
}

it('An endpoint that switches protocols unasked gets no tunnel: 502', async () => {
  await using server = await tcpServer((socket) => {
    socket.once('data', () =>
      socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
    );
  });
  await using balancer = new LoadBalancer({ endpoints: [{ url: server.url }], retry: false });
  expect((await balancer.fetch('/v1/models')).status).toBe(502);
  expect(balancer.snapshot().outstanding).toBe(0);
});
