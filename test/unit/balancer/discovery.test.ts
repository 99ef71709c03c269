import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { DiscoveryListener, DiscoverySource } from '../../../src/core/discovery.js';
import { InvalidOptionError, LoadBalancer, type LoadBalancerOptions } from '../../../src/index.js';
import { CHAT, chat } from '../../support/fleet.js';
import { answersIn, VirtualServers } from '../../support/virtual-servers.js';

let servers = new VirtualServers();
vi.mock('../../../src/transport/undici-transport.js', () => ({
  openUndiciChannel: (...args: Parameters<VirtualServers['open']>) => servers.open(...args),
}));
beforeEach(() => {
  servers = new VirtualServers();
});

const A = { url: 'http://a', id: 'a' };
const B = { url: 'http://b', id: 'b' };

/** A source in the hands of the test. */
function handSource() {
  const listeners: DiscoveryListener[] = [];
  let stopped = 0;
  const source: DiscoverySource = {
    name: 'hand',
    watch(listener) {
      listeners.push(listener);
      return async () => {
        stopped++;
      };
    },
  };
  const tell: DiscoveryListener = {
    update: (endpoints) => listeners.at(-1)?.update(endpoints),
    failed: (error) => listeners.at(-1)?.failed(error),
  };
  return { source, tell, stops: () => stopped };
}

function balance(options: Partial<LoadBalancerOptions> = {}) {
  const hand = handSource();
  const { balancer, events } = servers.balance({ endpoints: hand.source, ...options }, 1);
  const ids = () => balancer.endpoints.map(({ id }) => id);
  return { ...hand, balancer, events, ids };
}

describe('Before the first list of a source', () => {
  it('requests wait in the queue, and go when it has come', async () => {
    const { balancer, tell } = balance();
    const answers = Promise.all([servers.ask(balancer), servers.ask(balancer)]);
    await servers.clock.advanceAsync(2_000);
    expect(balancer.snapshot()).toMatchObject({ queued: 2, endpoints: [] });
    expect(balancer.explain().availability).toBe('undiscovered');
    tell.update([A]);
    await servers.clock.advanceAsync(1_000);
    expect(await answers).toMatchObject([
      { status: 200, duration: 2_100 },
      { status: 200, duration: 2_100 },
    ]);
    await balancer.close();
  });

  it('they get 503 after admission.maxWait, or at once where there is no queue', async () => {
    const { balancer } = balance({ admission: { maxWait: 3_000 } });
    const answer = servers.ask(balancer);
    await servers.clock.advanceAsync(3_000);
    expect(await answer).toMatchObject({ status: 503, duration: 3_000, attempts: 0 });
    const unqueued = balance({ admission: { maxQueued: 0 } });
    const response = await unqueued.balancer.fetch(CHAT, chat(true));
    expect(await response.json()).toMatchObject({
      error: { code: 'not_ready', message: 'The endpoints are not known yet (endpoints)' },
    });
    await balancer.close();
    await unqueued.balancer.close();
  });

  it('a failure is an event and they go on waiting', async () => {
    const { balancer, tell, events } = balance();
    const answer = servers.ask(balancer);
    await servers.clock.advanceAsync(10);
    const error = new Error('no such name');
    tell.failed(error);
    expect(events.at(-1)).toMatchObject({ type: 'discovery-failed', source: 'hand', error });
    await servers.clock.advanceAsync(10);
    tell.update([A]);
    await servers.clock.advanceAsync(100);
    expect(await answer).toMatchObject({ status: 200 });
    await balancer.close();
  });

  it('an empty list is an answer: there is nobody to wait for', async () => {
    const { balancer, tell } = balance();
    const answer = servers.ask(balancer);
    await servers.clock.advanceAsync(10);
    tell.update([]);
    const response = await balancer.fetch(CHAT, chat(true));
    expect(await response.json()).toMatchObject({ error: { code: 'no_endpoint' } });
    await servers.clock.advanceAsync(30_000);
    expect(await answer).toMatchObject({ status: 503 });
    await balancer.close();
  });
});

describe('A list of a source', () => {
  it('makes the endpoints be these, and is an event', async () => {
    const { balancer, tell, events, ids } = balance();
    tell.update([A, B]);
    expect(ids()).toEqual(['a', 'b']);
    tell.update([B]);
    expect(ids()).toEqual(['b']);
    expect(events.map(({ type }) => type)).toEqual([
      'endpoint-added',
      'endpoint-added',
      'discovery-updated',
      'endpoint-removed',
      'discovery-updated',
    ]);
    expect(events.at(-1)).toMatchObject({ source: 'hand', endpoints: 1 });
    await balancer.close();
  });

  it('that a balancer would refuse changes nothing, and the event names the field', async () => {
    const { balancer, tell, events, ids } = balance();
    tell.update([A, B]);
    for (const [list, option] of [
      [[A, { ...B, weight: -1 }], 'endpoints[1].weight'],
      [[A, A], 'endpoints[1].id'],
      [[A, { url: 'nonsense' }], 'endpoints[1].url'],
      ['nonsense', 'endpoints'],
    ] as const) {
      tell.update(list as never);
      const last = events.at(-1);
      expect(last).toMatchObject({ type: 'discovery-failed', source: 'hand', error: { option } });
      expect(ids()).toEqual(['a', 'b']);
    }
    await balancer.close();
  });

  it('leaves alone who was drained by call, and undoes who was added or removed by call', async () => {
    const { balancer, tell, ids } = balance();
    tell.update([A, B]);
    await balancer.drain('a');
    balancer.remove('b');
    balancer.add({ url: 'http://c', id: 'c' });
    tell.update([A, B]);
    expect(ids()).toEqual(['a', 'b']);
    expect(balancer.endpoints.map(({ state }) => state)).toEqual(['draining', 'healthy']);
    balancer.update([A, B]);
    expect(balancer.endpoints.map(({ state }) => state)).toEqual(['healthy', 'healthy']);
    await balancer.close();
  });

  it('is not heard any more after close, which stops the source once', async () => {
    const { balancer, tell, events, stops } = balance();
    tell.update([A]);
    await balancer.close();
    await balancer.close();
    const told = events.length;
    tell.update([B]);
    tell.failed(new Error('late'));
    expect([stops(), events.length, balancer.endpoints]).toEqual([1, told, []]);
    expect(servers.clock.pending).toBe(0);
  });
});

describe('An async iterable of lists', () => {
  it('is read to its end, and its last list stays', async () => {
    async function* lists() {
      yield [A];
      yield [A, B];
    }
    await using balancer = new LoadBalancer({ endpoints: lists() });
    await new Promise((resolve) => setImmediate(resolve));
    expect(balancer.endpoints.map(({ id }) => id)).toEqual(['a', 'b']);
  });

  it('that throws keeps its last list, and the error is an event', async () => {
    let fail = () => {};
    async function* lists() {
      yield [A];
      await new Promise<void>((resolve) => {
        fail = resolve;
      });
      throw new Error('registry gone');
    }
    await using balancer = new LoadBalancer({ endpoints: lists() });
    await balancer.ready();
    const failed = new Promise((resolve) => balancer.observe(resolve));
    fail();
    expect(await failed).toMatchObject({ type: 'discovery-failed', error: { message: 'registry gone' } });
    expect(balancer.endpoints.map(({ id }) => id)).toEqual(['a']);
  });

  it('does not hold up close while it waits for its next list', async () => {
    let returned = false;
    const lists = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise<never>(() => {}),
        return: async () => {
          returned = true;
          return { done: true as const, value: undefined };
        },
      }),
    };
    const balancer = new LoadBalancer({ endpoints: lists });
    await balancer.close();
    expect(returned).toBe(true);
  });
});

describe('ready()', () => {
  it('resolves when an endpoint could take a request, at once when one could already', async () => {
    const { balancer, tell } = balance();
    let ready = false;
    const waiting = balancer.ready().then(() => {
      ready = true;
    });
    servers.server('http://a').health = (call) => call.status(503);
    tell.update([{ ...A, healthPath: '/health' }]);
    await servers.clock.advanceAsync(20_000);
    expect(ready).toBe(false);
    servers.server('http://a').health = (call) => call.json();
    await servers.clock.advanceAsync(5_000);
    expect(ready).toBe(true);
    await waiting;
    await balancer.ready();
    await balancer.close();
  });

  it("rejects with the signal's reason, or when the balancer is closed", async () => {
    const { balancer } = balance();
    const abort = new AbortController();
    const given = expect(balancer.ready({ signal: abort.signal })).rejects.toBe('enough');
    const closed = expect(balancer.ready()).rejects.toMatchObject({ code: 'BALANCER_CLOSED' });
    abort.abort('enough');
    await given;
    await balancer.close();
    await closed;
    await expect(balancer.ready()).rejects.toMatchObject({ code: 'BALANCER_CLOSED' });
    await expect(balancer.ready({ signal: abort.signal })).rejects.toBe('enough');
  });
});

describe('The option endpoints', () => {
  it.each([[undefined], [null], ['http://a'], [{}], [{ watch: true }], [[]]])('refuses %j', (endpoints) => {
    expect(() => new LoadBalancer({ endpoints: endpoints as never })).toThrow(InvalidOptionError);
  });
});

describe('An endpoint that is removed', () => {
  it('finishes its streams until drainTimeout, and is cut then', async () => {
    servers.server('http://a').does = (call, clock) => {
      call.headers().data('data: {"choices":[{"delta":{"content":"x"}}]}\n\n');
      const tick = () => {
        call.data('data: {"choices":[{"delta":{"content":"x"}}]}\n\n');
        if (!call.over) clock.setTimer(tick, 1_000);
      };
      tick();
    };
    const { balancer, tell } = balance({ drainTimeout: 5_000 });
    tell.update([A, B]);
    const response = await Promise.all([
      balancer.fetch(CHAT, { ...chat(true), evenkeel: { endpoints: ['a'] } }),
      servers.clock.advanceAsync(10),
    ]).then(([first]) => first);
    const text = response.text().then(
      () => 'a clean end',
      (error: Error & { code?: string }) => error.code,
    );
    tell.update([B]);
    await servers.clock.advanceAsync(4_980);
    expect(balancer.snapshot().outstanding).toBe(0);
    let over = false;
    void text.then(() => {
      over = true;
    });
    await servers.clock.advanceAsync(0);
    expect(over).toBe(false);
    await servers.clock.advanceAsync(2_000);
    expect(await text).toBe('STREAM_RESET');
    await balancer.close();
    expect(servers.clock.pending).toBe(0);
  });

  it('and returns by its id while its streams run on starts clean', async () => {
    servers.server('http://a').does = answersIn(60_000);
    const { balancer, tell } = balance({ breaker: { consecutiveFailures: 1 } });
    tell.update([A, B]);
    const slow = balancer.fetch(CHAT, { ...chat(true), evenkeel: { endpoints: ['a'] } });
    await servers.clock.advanceAsync(10);
    expect(balancer.endpoints.map(({ outstanding }) => outstanding)).toEqual([1, 0]);
    servers.server('http://a').does = (call) => call.status(500);
    const failing = balancer.fetch(CHAT, { ...chat(true), evenkeel: { endpoints: ['a'] } });
    await servers.clock.advanceAsync(1_000);
    expect((await failing).status).toBe(500);
    expect(balancer.endpoints[0]?.state).toBe('open');
    tell.update([B]);
    tell.update([A, B]);
    expect(balancer.endpoints.map(({ id, state, outstanding }) => [id, state, outstanding])).toEqual([
      ['a', 'healthy', 0],
      ['b', 'healthy', 0],
    ]);
    await servers.clock.advanceAsync(60_000);
    expect((await slow).status).toBe(200);
    await (await slow).text();
    expect(balancer.endpoints.map(({ outstanding }) => outstanding)).toEqual([0, 0]);
    await balancer.close();
  });

  it('survivors keep counters and breakers when everything around them changes', async () => {
    servers.server('http://a').does = answersIn(60_000);
    const { balancer, tell } = balance();
    tell.update([A, B]);
    void servers.ask(balancer);
    void balancer.fetch(CHAT, { ...chat(true), evenkeel: { endpoints: ['a'] } });
    await servers.clock.advanceAsync(10);
    const before = balancer.endpoints.find(({ id }) => id === 'a');
    const { outstanding } = before ?? {};
    tell.update([{ ...A, weight: 5, labels: { gpu: 'a100' } }, { url: 'http://c' }]);
    const after = balancer.endpoints.find(({ id }) => id === 'a');
    expect(after).toBe(before);
    expect(after).toMatchObject({ weight: 5, outstanding });
    expect(outstanding).toBeGreaterThan(0);
    await balancer.close();
  });
});

describe('initialDelay', () => {
  it('keeps an endpoint that joins from requests and from probes, and then it is eased in', async () => {
    const { balancer, tell } = balance();
    tell.update([{ ...A, initialDelay: 30_000 }]);
    // Who is in the first list was there before the balancer.
    expect(balancer.endpoints[0]?.state).toBe('healthy');
    tell.update([
      A,
      { ...B, initialDelay: 30_000 },
      { url: 'http://c', id: 'c', initialDelay: 30_000, healthPath: '/' },
    ]);
    await servers.clock.advanceAsync(29_999);
    expect(balancer.endpoints.map(({ state }) => state)).toEqual(['healthy', 'warming', 'warming']);
    expect(servers.server('http://c').probes).toBe(0);
    await servers.clock.advanceAsync(1);
    expect(balancer.endpoints.map(({ state, slowStart }) => [state, slowStart])).toEqual([
      ['healthy', 1],
      ['healthy', 0.1],
      ['healthy', 0.1],
    ]);
    expect(servers.server('http://c').probes).toBe(1);
    await balancer.close();
    expect(servers.clock.pending).toBe(0);
  });
});

describe('Probes under churn', () => {
  it('come at their own pace, however often the list changes', async () => {
    servers.server('http://b').health = servers.server('http://c').health = (call) => call.status(503);
    const { balancer, tell } = balance({
      retry: false,
      breaker: { consecutiveFailures: 1, openFor: 60_000 },
    });
    const b = { ...B, healthPath: '/health' };
    const c = { url: 'http://c', id: 'c', healthPath: '/health' };
    servers.server('http://c').health = (call) => call.json();
    tell.update([A, b, c]);
    await servers.clock.advanceAsync(0);
    servers.server('http://c').health = (call) => call.status(503);
    servers.server('http://c').does = (call) => call.status(500);
    const failing = balancer.fetch(CHAT, { ...chat(true), evenkeel: { endpoints: ['c'] } });
    await servers.clock.advanceAsync(0);
    await failing;
    expect(balancer.endpoints.map(({ state }) => state)).toEqual(['healthy', 'warming', 'open']);
    for (let update = 0; update < 1_000; update++) {
      tell.update([A, b, c, { url: `http://d${update % 7}` }]);
      await servers.clock.advanceAsync(50);
    }
    // 50 s, at every 4 to 5 s.
    for (const url of ['http://b', 'http://c']) {
      expect(servers.server(url).probes).toBeGreaterThanOrEqual(9);
      expect(servers.server(url).probes).toBeLessThanOrEqual(15);
    }
    await balancer.close();
  });
});

describe('Thresholds of probes', () => {
  it('a newcomer needs so many yeses in a row, and a ready one so many noes', async () => {
    const { balancer, tell, events } = balance({
      probe: { interval: 1_000, healthyThreshold: 3, unhealthyThreshold: 2 },
    });
    const says = (statuses: (200 | 503)[]) => {
      servers.server('http://a').health = (call) =>
        (statuses.shift() ?? 200) === 200 ? call.json() : call.status(503);
    };
    const probed = () => events.filter(({ type }) => type === 'endpoint-probed').length;
    const until = async (probes: number) => {
      while (probed() < probes) await servers.clock.advanceAsync(100);
      return balancer.endpoints[0]?.state;
    };
    says([200, 200, 503, 200, 200, 200, 503, 200, 503, 503, 200, 200, 200]);
    tell.update([{ ...A, healthPath: '/health' }]);
    const states = [];
    for (let probes = 1; probes <= 13; probes++) states.push(await until(probes));
    expect(states).toEqual([
      ...Array(5).fill('warming'),
      ...['healthy', 'healthy', 'healthy', 'healthy'],
      ...['warming', 'warming', 'warming', 'healthy'],
    ]);
    await balancer.close();
  });

  it('a vLLM that says it sleeps is not ready, although it answers 200', async () => {
    const { balancer, tell } = balance();
    let asleep = true;
    servers.server('http://a').health = (call) =>
      call
        .headers(200)
        .data(JSON.stringify({ is_sleeping: asleep }))
        .end();
    tell.update([{ ...A, healthPath: '/is_sleeping' }]);
    await servers.clock.advanceAsync(20_000);
    expect(balancer.endpoints[0]?.state).toBe('warming');
    asleep = false;
    await servers.clock.advanceAsync(5_000);
    expect(balancer.endpoints[0]?.state).toBe('healthy');
    await balancer.close();
  });
});
