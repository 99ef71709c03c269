import { once } from 'node:events';
import { connect } from 'node:net';
import { LoadBalancer } from 'evenkeel';
import { consistentHash } from 'evenkeel/policies/consistent-hash';
import { prometheusMetrics } from 'evenkeel/prometheus';
import { describe, expect, it } from 'vitest';
import { FacadeRig, fetchAll, idle } from '../../support/facade-rig.js';
import { CHAT, chat, Fleet } from '../../support/fleet.js';
import { SERVED_FACADES } from '../../support/served-facades.js';

const POST = 'POST /v1/chat/completions HTTP/1.1\r\nhost: app\r\ncontent-type: application/json\r\n';

/** A caller that sends the beginning of its body and then a byte now and again, but never the end. */
function dripping(url: string, framing: string, start: string) {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => {});
  socket.write(`${POST}${framing}\r\n\r\n${start}`);
  const timer = setInterval(() => socket.write(framing.startsWith('transfer') ? '1\r\n \r\n' : ' '), 5);
  socket.on('close', () => clearInterval(timer));
  // The server may end it with a reset, while a drip is on its way.
  socket.on('error', () => {});
  return socket;
}

describe.concurrent.each(Object.entries(SERVED_FACADES))(
  'A caller that drips its body through %s',
  (_, open) => {
    it.each([
      ['of a small length', 'content-length: 60000'],
      ['of a large length', 'content-length: 1000000'],
      ['of no length', 'transfer-encoding: chunked'],
    ])(
      '%s holds no endpoint and no place in the queue; others are served; the server’s requestTimeout ends it',
      async (_, framing) => {
        await using rig = await FacadeRig.open({ maxOutstanding: 1, admission: { maxQueued: 0 } });
        await using site = await open(rig.balancer, { requestTimeout: 400 });
        const socket = dripping(site.url, framing, framing.startsWith('transfer') ? '1\r\n{\r\n' : '{');
        let reply = '';
        socket.setEncoding('latin1').on('data', (text: string) => {
          reply += text;
        });
        await once(socket, 'connect');
        // The only place there is, and it is free.
        expect((await fetchAll(`${site.url}/v1/models`)).status).toBe(200);
        expect(rig.balancer.snapshot()).toMatchObject({ outstanding: 0, queued: 0 });
        // Not `once`, which takes the reset for a failure.
        if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
        expect(reply).toMatch(/^(HTTP\/1\.1 408 |$)/);
        expect(rig.asked.map(({ url }) => url)).toEqual(['/v1/models']);
        expect((await fetchAll(`${site.url}/v1/models`)).status).toBe(200);
        await idle(rig.balancer);
      },
    );
  },
);

describe('Names that mean something to JavaScript', () => {
  const NAMES = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf'];

  it('are models like others: routed, renamed, counted while they wait, and unknown where they are not listed', async () => {
    await using fleet = await Fleet.start({
      servers: [{}, {}],
      endpoint: (index) => ({
        maxOutstanding: 1,
        models:
          index === 0
            ? (JSON.parse('{"__proto__":"served-proto","constructor":"served-constructor"}') as Record<
                string,
                string
              >)
            : ['m'],
      }),
    });
    const { balancer } = fleet;
    const ask = (model: string) => balancer.fetch(CHAT, chat(false, { model }));
    for (const name of ['__proto__', 'constructor']) expect((await ask(name)).status).toBe(200);
    expect(fleet.server(0).requests.map(({ body }) => (body as { model: string }).model)).toEqual([
      'served-proto',
      'served-constructor',
    ]);
    for (const name of ['prototype', 'toString', 'hasOwnProperty', 'valueOf'])
      expect([name, (await ask(name)).status]).toEqual([name, 404]);

    const controller = new AbortController();
    fleet.server(0).fault = { kind: 'hang' };
    const waiting = ['constructor', '__proto__', '__proto__'].map((model) =>
      balancer.fetch(CHAT, { ...chat(false, { model }), signal: controller.signal }).catch(() => {}),
    );
    await fleet.until(() => balancer.snapshot().queued === 2);
    const { queuedByModel } = balancer.snapshot();
    expect(Object.entries(queuedByModel)).toEqual([['__proto__', 2]]);
    expect(JSON.stringify(queuedByModel)).toBe('{"__proto__":2}');
    controller.abort();
    await Promise.all(waiting);
    await fleet.settled();
    expect({}).not.toHaveProperty('polluted');
  });

  it('are header names, labels, affinity keys and ids like others', async () => {
    await using rig = await FacadeRig.open();
    const named = JSON.parse('{"__proto__":"p","constructor":"c","x":"y"}') as Record<string, string>;
    await using balancer = new LoadBalancer({
      endpoints: [
        {
          url: rig.balancer.endpoints[0]?.url ?? '',
          id: '__proto__',
          labels: named,
          headers: named,
          models: NAMES,
        },
      ],
      policy: consistentHash(),
    });
    const metrics = prometheusMetrics(balancer);
    for (const name of NAMES) {
      const answer = await balancer.fetch(CHAT, {
        ...chat(false, { model: name }),
        headers: [
          ['content-type', 'application/json'],
          [name, 'first'],
          [name.toUpperCase(), 'second'],
        ],
        evenkeel: { affinityKey: name },
      });
      expect([name, answer.status]).toEqual([name, 200]);
      if (name !== 'constructor' && name !== '__proto__')
        expect(rig.asked.at(-1)?.headers[name.toLowerCase()]).toBe('first, second');
    }
    expect(rig.asked[0]?.headers.constructor).toBe('c');
    expect(balancer.snapshot().endpoints[0]?.id).toBe('__proto__');
    expect(await metrics.registry.metrics()).toContain('endpoint="__proto__"');
    metrics.stop();
    for (const name of ['polluted', 'p', 'c', 'x']) expect({}).not.toHaveProperty(name);
    expect(Object.prototype.constructor).toBe(Object);
  });

  it('a caller’s header named `constructor` arrives as it was sent', async () => {
    await using rig = await FacadeRig.open();
    await rig.balancer.fetch('/v1/models', { headers: [['constructor', 'a']] });
    expect(rig.asked[0]?.headers.constructor).toBe('a');
  });

  it('an option that is named so is refused like any other', () => {
    const options = JSON.parse('{"endpoints":[{"url":"http://a"}],"__proto__":{"share":2}}') as never;
    expect(() => new LoadBalancer(options)).toThrow(/`options\.__proto__`/);
  });
});

describe('A caller that invents a new name for every request', () => {
  it('leaves nothing behind: no model, no affinity key, no header is kept or becomes a label', async () => {
    const REQUESTS = 3_000;
    await using rig = await FacadeRig.open();
    await using balancer = new LoadBalancer({
      endpoints: [{ url: rig.balancer.endpoints[0]?.url ?? '', id: 'a', maxOutstanding: 4 }],
      policy: consistentHash(),
      admission: { maxQueued: 20 },
    });
    const metrics = prometheusMetrics(balancer);
    rig.answer = (response) => {
      rig.asked.length = 0;
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}');
    };
    let most = 0;
    const ask = async (index: number) => {
      const answer = await balancer.fetch(`/v1/chat/completions?n=${index}`, {
        ...chat(false, { model: `model-${index}` }),
        headers: {
          'content-type': 'application/json',
          [`x-name-${index}`]: 'x',
          'x-session-id': `session-${index}`,
        },
        evenkeel: { affinityKey: `key-${index}` },
      });
      most = Math.max(most, Object.keys(balancer.snapshot().queuedByModel).length);
      await answer.arrayBuffer();
    };
    await ask(0);
    const lines = (await metrics.registry.metrics()).split('\n').length;
    for (let index = 1; index < REQUESTS; index += 50)
      await Promise.all(Array.from({ length: 50 }, (_, offset) => ask(index + offset)));
    const text = await metrics.registry.metrics();
    // Statuses are the only new series: 200 was there, 503 for a full queue has come.
    expect(text.split('\n').length - lines).toBeLessThan(10);
    expect(text).not.toMatch(/model-|key-|session-|x-name-/);
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(20);
    expect(balancer.snapshot()).toMatchObject({ queued: 0, queuedByModel: {}, outstanding: 0 });
    metrics.stop();
  }, 60_000);
});
