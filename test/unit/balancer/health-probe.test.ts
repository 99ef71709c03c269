import { beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type BalancerEvent,
  type EndpointConfig,
  LoadBalancer,
  type LoadBalancerOptions,
} from '../../../src/index.js';
import { type ManualClock, manualClock } from '../../../src/testing/index.js';
import { type FakeCall, FakeWire } from '../../support/fake-wire.js';
import { CHAT, chat } from '../../support/fleet.js';

let wire = new FakeWire();
vi.mock('../../../src/transport/undici-transport.js', () => ({
  openUndiciChannel: (...args: Parameters<FakeWire['open']>) => wire.open(...args),
}));

let clock: ManualClock;
let events: BalancerEvent[];

beforeEach(() => {
  wire = new FakeWire();
  clock = manualClock();
  events = [];
});

const A: EndpointConfig = { url: 'http://a', id: 'a', healthPath: '/health' };
const B: EndpointConfig = { url: 'http://b', id: 'b', healthPath: '/health' };
const PLAIN: EndpointConfig = { url: 'http://plain', id: 'plain' };

/** Waits are 0.9 of `interval`: in the middle of [0.8, 1). */
function balance(
  endpoints: readonly EndpointConfig[],
  options: Omit<LoadBalancerOptions, 'endpoints'> = {},
): LoadBalancer {
  const balancer = new LoadBalancer({ endpoints, clock, random: () => 0.5, ...options });
  balancer.observe((event) => events.push(event));
  return balancer;
}

const probes = (): FakeCall[] => wire.calls.filter(({ request }) => request.path === '/health');
const requests = (): FakeCall[] => wire.calls.filter(({ request }) => request.path === CHAT);
const lastProbe = (): FakeCall => {
  const last = probes().at(-1);
  if (last === undefined) throw new Error('Nothing has been probed');
  return last;
};
const states = (balancer: LoadBalancer) => balancer.endpoints.map(({ state }) => state);
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const ask = (balancer: LoadBalancer, only?: string) =>
  balancer.fetch(CHAT, { ...chat(true), evenkeel: only === undefined ? {} : { endpoints: [only] } });

/** Opens a breaker by five faults in a row. */
async function trip(balancer: LoadBalancer, id: string): Promise<void> {
  for (let fault = 0; fault < 5; fault++) {
    const answer = ask(balancer, id);
    requests().at(-1)?.status(500);
    await answer;
  }
}

/** A balancer over `a`, which is ready, and `plain`, that makes one attempt a request. */
async function readyPair(options: Omit<LoadBalancerOptions, 'endpoints'> = {}): Promise<LoadBalancer> {
  const balancer = balance([A, PLAIN], { retry: false, ...options });
  await clock.advanceAsync(0);
  lastProbe().json();
  expect(states(balancer)).toEqual(['healthy', 'healthy']);
  return balancer;
}

describe('An endpoint with a healthPath', () => {
  it('is asked on and on with an unhealthyThreshold, also after it has waited for something else', async () => {
    const balancer = balance([A, PLAIN], { probe: { unhealthyThreshold: 2 }, discoverModels: true });
    await clock.advanceAsync(0);
    lastProbe().json();
    expect(states(balancer)).toEqual(['warming', 'warming']);
    await clock.advanceAsync(100);
    for (const call of wire.calls) if (call.request.path === '/v1/models') call.status(404);
    expect(states(balancer)).toEqual(['healthy', 'healthy']);
    for (let no = 0; no < 2; no++) {
      const before = probes().length;
      await clock.advanceAsync(5_000);
      expect(probes().length).toBeGreaterThan(before);
      lastProbe().status(503);
    }
    expect(states(balancer)).toEqual(['warming', 'healthy']);
    await balancer.close();
  });

  it('is asked again when it was drained while it warmed, and is activated by call', async () => {
    const balancer = balance([A, PLAIN]);
    await clock.advanceAsync(0);
    lastProbe().status(503);
    await balancer.drain('a');
    await clock.advanceAsync(60_000);
    const before = probes().length;
    await balancer.activate('a');
    expect(states(balancer)).toEqual(['warming', 'healthy']);
    await clock.advanceAsync(1);
    expect(probes().length).toBeGreaterThan(before);
    lastProbe().json();
    expect(states(balancer)).toEqual(['healthy', 'healthy']);
    await balancer.close();
  });

  it('is asked at once, by GET, with its own headers, from the root of its origin', async () => {
    const balancer = balance([{ ...A, url: 'http://a/base/v1', headers: { authorization: 'Bearer own' } }]);
    await clock.advanceAsync(0);
    expect(probes().map(({ request }) => request)).toEqual([
      {
        method: 'GET',
        path: '/health',
        headers: { accept: '*/*', 'accept-encoding': 'identity', authorization: 'Bearer own' },
        body: undefined,
      },
    ]);
    await balancer.close();
  });

  it('is warming until its health is good, and gets nothing', async () => {
    const balancer = balance([A, PLAIN]);
    expect(states(balancer)).toEqual(['warming', 'healthy']);
    expect(balancer.snapshot()).toMatchObject({ available: 1 });
    expect(balancer.explain()).toMatchObject({
      candidates: ['plain'],
      exclusions: [{ endpoint: 'a', reason: 'warming' }],
    });
    for (let index = 0; index < 20; index++) void ask(balancer);
    expect(wire.to('http://a')).toEqual([]);
    await clock.advanceAsync(0);
    lastProbe().status(503);
    expect(states(balancer)).toEqual(['warming', 'healthy']);
    await clock.advanceAsync(4_500);
    lastProbe().json();
    expect(states(balancer)).toEqual(['healthy', 'healthy']);
    expect(events.filter(({ type }) => type === 'endpoint-state')).toEqual([
      { type: 'endpoint-state', endpoint: 'a', from: 'warming', to: 'healthy' },
    ]);
    await balancer.close();
  });

  it('is asked again after an interval that chance shortens by up to a fifth', async () => {
    for (const [random, wait] of [
      [0, 800],
      [0.5, 900],
      [0.999, 999.8],
    ] as const) {
      wire = new FakeWire();
      const balancer = balance([A], { random: () => random, probe: { interval: 1_000 } });
      await clock.advanceAsync(0);
      lastProbe().status(503);
      await clock.advanceAsync(Math.floor(wait) - 1);
      expect(probes()).toHaveLength(1);
      await clock.advanceAsync(2);
      expect(probes()).toHaveLength(2);
      await balancer.close();
    }
  });

  it('is not ready because of a redirect, a refusal, or an answer that does not end in time', async () => {
    const balancer = balance([A], { probe: { interval: 1_000, timeout: 300 } });
    const answers: ((call: FakeCall) => void)[] = [
      (call) => call.status(302),
      (call) => call.status(404),
      (call) => call.fail('ECONNREFUSED'),
      () => {},
      (call) => void call.headers(200).data('{"status":'),
    ];
    for (const [index, answer] of answers.entries()) {
      while (probes().length === index) await clock.advanceAsync(10);
      answer(lastProbe());
      await clock.advanceAsync(300);
      expect(states(balancer)).toEqual(['warming']);
      expect(lastProbe().over).toBe(true);
    }
    const statuses = events.map((event) => (event.type === 'endpoint-probed' ? event.status : 'other'));
    expect(statuses.filter((status) => status !== 'other')).toEqual([
      302,
      404,
      undefined,
      undefined,
      undefined,
    ]);
    await balancer.close();
  });

  it('is ready by any 2xx, and by one that talks without end', async () => {
    for (const answer of [
      (call: FakeCall) => call.status(204),
      (call: FakeCall) => void call.headers(200).data('x'.repeat(65 * 1024)),
    ]) {
      wire = new FakeWire();
      const balancer = balance([A]);
      await clock.advanceAsync(0);
      answer(lastProbe());
      expect(states(balancer)).toEqual(['healthy']);
      expect(lastProbe().over).toBe(true);
      await balancer.close();
    }
  });

  it('needs no slow start when it was ready at the first question', async () => {
    const balancer = balance([A, B]);
    await clock.advanceAsync(0);
    for (const probe of probes()) probe.json();
    expect(balancer.endpoints.map(({ slowStart }) => slowStart)).toEqual([1, 1]);
    await balancer.close();
  });

  it('is eased in when it had said no before, from the moment it is ready', async () => {
    const balancer = balance([A]);
    await clock.advanceAsync(0);
    lastProbe().status(503);
    await clock.advanceAsync(4_500);
    lastProbe().json();
    const slowStart = () => balancer.endpoints[0]?.slowStart;
    expect(slowStart()).toBe(0.1);
    await clock.advanceAsync(15_000);
    expect(slowStart()).toBe(0.5);
    await balancer.close();
  });

  it('is eased in when it joins, from the moment it is ready', async () => {
    const balancer = balance([PLAIN]);
    balancer.add(A);
    expect(states(balancer)).toEqual(['healthy', 'warming']);
    await clock.advanceAsync(1_500);
    lastProbe().json();
    expect(balancer.endpoints.map(({ slowStart }) => slowStart)).toEqual([1, 0.1]);
    await clock.advanceAsync(3_000);
    expect(balancer.endpoints[1]?.slowStart).toBe(0.1);
    await balancer.close();
  });

  it('is asked no more once it is ready, whatever its answers to requests are, until its breaker opens', async () => {
    const balancer = await readyPair();
    expect(clock.pending).toBe(0);
    for (let index = 0; index < 4; index++) {
      void ask(balancer, 'a');
      requests().at(-1)?.status(503);
      await turn();
      await clock.advanceAsync(60_000);
    }
    expect(probes()).toHaveLength(1);
    await balancer.close();
  });

  it('stays ready when it is described anew, and is ready when its healthPath is taken away', async () => {
    const balancer = await readyPair();
    balancer.update([{ ...A, weight: 2 }, PLAIN]);
    expect(states(balancer)).toEqual(['healthy', 'healthy']);
    balancer.update([{ ...A, weight: 2 }, { ...PLAIN, healthPath: '/health' }, B]);
    expect(states(balancer)).toEqual(['healthy', 'healthy', 'warming']);
    const { healthPath: _, ...plainB } = B;
    balancer.update([A, PLAIN, plainB]);
    expect(states(balancer)).toEqual(['healthy', 'healthy', 'healthy']);
    expect(events.at(-1)).toEqual({ type: 'endpoint-state', endpoint: 'b', from: 'warming', to: 'healthy' });
    await balancer.close();
  });

  it('that has a wrong one is told of, in an event each time and in the log once', async () => {
    const warn = vi.fn();
    const balancer = balance([A], { logger: { debug() {}, info() {}, warn, error() {} } });
    await clock.advanceAsync(0);
    lastProbe().status(404);
    await clock.advanceAsync(4_500);
    lastProbe().status(404);
    expect(events.filter(({ type }) => type === 'endpoint-misconfigured')).toEqual(
      Array(2).fill({ type: 'endpoint-misconfigured', endpoint: 'a', status: 404 }),
    );
    expect(warn.mock.calls).toEqual([
      [{ endpoint: 'a', status: 404, healthPath: '/health' }, 'the health check is not to be had'],
    ]);
    await balancer.close();
  });
});

describe('While every endpoint is warming', () => {
  it('requests wait, and go in the moment in which one is ready', async () => {
    const balancer = balance([A, B]);
    const answer = ask(balancer);
    await clock.advanceAsync(0);
    expect(balancer.snapshot()).toMatchObject({ queued: 1, available: 0 });
    expect(requests()).toEqual([]);
    wire.to('http://b')[0]?.json();
    await turn();
    expect(requests().map(({ url }) => url)).toEqual(['http://b']);
    requests()[0]?.stream();
    expect((await answer).status).toBe(200);
    await balancer.close();
    expect(clock.pending).toBe(0);
  });

  it('they wait no longer than maxWait', async () => {
    const balancer = balance([A], { admission: { maxWait: 2_500 } });
    const answer = ask(balancer);
    await clock.advanceAsync(2_500);
    const { status, headers } = await answer;
    expect([status, headers.get('retry-after')]).toEqual([503, '1']);
    await balancer.close();
  });

  it('without a queue they get 503 not_ready with retry-after', async () => {
    const balancer = balance([A], { admission: { maxQueued: 0 } });
    const answer = await ask(balancer);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await answer.json()).toMatchObject({ error: { code: 'not_ready' } });
    await balancer.close();
  });
});

describe('An endpoint with a healthPath whose breaker is open', () => {
  it('is asked before its time to reopen, and gets one trial at once when its health is good', async () => {
    const balancer = await readyPair();
    await trip(balancer, 'a');
    expect(states(balancer)[0]).toBe('open');
    await clock.advanceAsync(4_499);
    expect(probes()).toHaveLength(1);
    await clock.advanceAsync(1);
    expect(probes()).toHaveLength(2);
    lastProbe().json();
    expect(states(balancer)[0]).toBe('half-open');
    void ask(balancer, 'a');
    requests().at(-1)?.stream();
    await turn();
    expect(states(balancer)[0]).toBe('healthy');
    expect(balancer.endpoints[0]?.slowStart).toBe(0.1);
    expect(clock.pending).toBe(0);
    await balancer.close();
  });

  it('gets no trial as long as its health is bad, however long', async () => {
    const balancer = await readyPair();
    await trip(balancer, 'a');
    const before = requests().length;
    for (let second = 0; second < 120; second++) {
      await clock.advanceAsync(1_000);
      for (const probe of probes()) probe.status(503);
      expect(balancer.endpoints[0]).toMatchObject({ state: 'open', available: false });
      void ask(balancer);
    }
    expect(
      requests()
        .slice(before)
        .every(({ url }) => url === 'http://plain'),
    ).toBe(true);
    // About one probe in 4.5 s.
    expect(probes().length).toBeGreaterThan(24);
    expect(probes().length).toBeLessThan(30);
    await balancer.close();
  });

  it('gets none while its health hangs: the time-out is a no', async () => {
    const balancer = await readyPair({ probe: { interval: 1_000, timeout: 5_000 } });
    await trip(balancer, 'a');
    await clock.advanceAsync(30_000);
    expect(states(balancer)[0]).toBe('open');
    expect(probes().length).toBeGreaterThan(4);
    expect(probes().filter(({ over }) => !over).length).toBeLessThanOrEqual(1);
    await balancer.close();
  });

  it('is left to its open time once good health has been belied by a trial', async () => {
    const balancer = await readyPair({ breaker: { openFor: 10_000 } });
    await trip(balancer, 'a');
    await clock.advanceAsync(4_500);
    lastProbe().json();
    void ask(balancer, 'a');
    requests().at(-1)?.status(500);
    await turn();
    expect(states(balancer)[0]).toBe('open');
    // The second open time is 15 s; its health stays good all the while.
    for (let second = 0; second < 14; second++) {
      await clock.advanceAsync(1_000);
      for (const probe of probes()) probe.json();
      expect(states(balancer)[0]).toBe('open');
    }
    for (let second = 0; second < 6; second++) {
      await clock.advanceAsync(1_000);
      for (const probe of probes()) probe.json();
    }
    expect(states(balancer)[0]).toBe('half-open');
    await balancer.close();
  });

  it('is still used when nothing better is left, as without a healthPath', async () => {
    const balancer = await readyPair();
    await trip(balancer, 'a');
    balancer.remove('plain');
    void ask(balancer);
    expect(requests().at(-1)?.url).toBe('http://a');
    await balancer.close();
  });

  it('is asked as a suspect too, and an endpoint without a healthPath is not', async () => {
    const balancer = await readyPair();
    await trip(balancer, 'plain');
    await trip(balancer, 'a');
    expect(states(balancer)).toEqual(['suspect', 'open']);
    await clock.advanceAsync(4_500);
    expect(probes().map(({ url }) => url)).toEqual(['http://a', 'http://a']);
    lastProbe().json();
    expect(states(balancer)).toEqual(['half-open', 'open']);
    await balancer.close();
  });
});

describe('Probing', () => {
  it('keeps one timer for all endpoints, and none when nobody is to be asked', async () => {
    const balancer = balance([A, B, { ...A, url: 'http://c', id: 'c' }]);
    expect(clock.pending).toBe(1);
    await clock.advanceAsync(0);
    expect(clock.pending).toBe(1);
    for (const probe of probes()) probe.status(503);
    expect(clock.pending).toBe(1);
    await clock.advanceAsync(4_500);
    for (const probe of probes()) probe.json();
    expect(states(balancer)).toEqual(['healthy', 'healthy', 'healthy']);
    expect(clock.pending).toBe(0);
    await balancer.close();
  });

  it('sets no timer for endpoints without a healthPath', async () => {
    const balancer = balance([PLAIN, { url: 'http://b' }], { retry: false });
    expect(clock.pending).toBe(0);
    await trip(balancer, 'plain');
    expect(states(balancer)[0]).toBe('open');
    expect(clock.pending).toBe(0);
    await balancer.close();
  });

  it('lets the process end: its timer holds nothing', async () => {
    const unref = vi.fn();
    const balancer = balance([A], {
      clock: { ...clock, setTimer: (callback, delay) => ({ ...clock.setTimer(callback, delay), unref }) },
    });
    expect(unref).toHaveBeenCalledOnce();
    await balancer.close();
  });

  it('of an endpoint that is removed, drained or replaced ends, also in the middle of a probe', async () => {
    const balancer = balance([A, B, PLAIN]);
    await clock.advanceAsync(0);
    balancer.remove('a');
    expect(wire.to('http://a')[0]?.aborted).toBe(true);
    wire.to('http://b')[0]?.status(503);
    void balancer.drain('b');
    await clock.advanceAsync(60_000);
    expect(probes()).toHaveLength(2);
    expect(clock.pending).toBe(0);
    balancer.update([B]);
    await clock.advanceAsync(0);
    expect(probes()).toHaveLength(3);
    await balancer.close();
  });

  it('ends with the balancer, in the middle of a probe and while it waits for its streams', async () => {
    const balancer = await readyPair();
    void ask(balancer, 'plain');
    balancer.add(B);
    await clock.advanceAsync(0);
    const closed = balancer.close({ drain: 100_000 });
    expect(lastProbe().aborted).toBe(true);
    const count = probes().length;
    await clock.advanceAsync(100_000);
    await closed;
    expect(probes()).toHaveLength(count);
    expect(clock.pending).toBe(0);
  });

  it('is told of by events', async () => {
    const balancer = balance([A], { probe: { timeout: 700 } });
    await clock.advanceAsync(0);
    await clock.advanceAsync(250);
    lastProbe().status(503);
    await clock.advanceAsync(4_500 + 700);
    await clock.advanceAsync(4_500);
    lastProbe().json();
    const probed = { type: 'endpoint-probed', endpoint: 'a' };
    expect(events.filter(({ type }) => type === 'endpoint-probed')).toEqual([
      { ...probed, healthy: false, status: 503, duration: 250 },
      { ...probed, healthy: false, status: undefined, duration: 700 },
      { ...probed, healthy: true, status: 200, duration: 0 },
    ]);
    await balancer.close();
  });
});

describe('Options of probing', () => {
  it.each([
    [{ probe: { interval: 0 } }, 'probe.interval'],
    [{ probe: { timeout: Number.NaN } }, 'probe.timeout'],
    [{ probe: { every: 5 } }, 'probe.every'],
    [{ probe: 5 }, 'probe'],
    [{ overProvisioning: 0.9 }, 'overProvisioning'],
    [{ overProvisioning: '140%' }, 'overProvisioning'],
    [{ endpoints: [{ ...A, healthPath: 'health' }] }, 'endpoints[0].healthPath'],
    [{ endpoints: [{ ...A, healthPath: '/a b' }] }, 'endpoints[0].healthPath'],
    [{ endpoints: [{ ...A, healthPath: '/a\r\nx: y' }] }, 'endpoints[0].healthPath'],
    [{ endpoints: [{ ...A, healthPath: '/a#b' }] }, 'endpoints[0].healthPath'],
    [{ endpoints: [{ ...A, healthPath: true }] }, 'endpoints[0].healthPath'],
  ])('that are wrong are refused: %j', (options, option) => {
    expect(() => new LoadBalancer({ endpoints: [PLAIN], ...(options as object) })).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', option }),
    );
  });
});
