import { beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type ActivationHook,
  type BalancerEvent,
  type EndpointConfig,
  LoadBalancer,
} from '../../../src/index.js';
import { dcgm } from '../../../src/signals/dcgm.js';
import { orca } from '../../../src/signals/orca.js';
import { vllm } from '../../../src/signals/vllm.js';
import { type ManualClock, manualClock } from '../../../src/testing/index.js';
import { type FakeCall, FakeWire, JSON_BODY } from '../../support/fake-wire.js';
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

const POLLED: EndpointConfig = { url: 'http://a', id: 'a', metrics: { parser: vllm(), interval: 1_000 } };

/** The first reading is after 50 ms, the next after 900: chance is in the middle. */
function balance(endpoints: readonly EndpointConfig[] = [POLLED], random = 0.5): LoadBalancer {
  const balancer = new LoadBalancer({ endpoints, clock, random: () => random, retry: false });
  balancer.observe((event) => events.push(event));
  return balancer;
}

const polls = (): FakeCall[] => wire.calls.filter(({ request }) => request.method === 'GET');
const lastPoll = (): FakeCall => {
  const last = polls().at(-1);
  if (last === undefined) throw new Error('Nothing has been read');
  return last;
};
const page = (call: FakeCall, text: string) => {
  call.headers(200, { 'content-type': 'text/plain' });
  call.data(text).end();
};
const running = (count: number) => `vllm:num_requests_running ${count}\n`;
const loadOf = (balancer: LoadBalancer) => balancer.endpoints[0]?.load;
const told = (type: BalancerEvent['type']) => events.filter((event) => event.type === type);

describe('An endpoint with metrics', () => {
  it('is asked soon for its page, at the root of its origin, with its own headers', async () => {
    const balancer = balance([
      { ...POLLED, url: 'http://a/base/v1', headers: { authorization: 'Bearer own' } },
    ]);
    expect(polls()).toEqual([]);
    await clock.advanceAsync(50);
    expect(polls().map(({ url, request }) => [url, request.path, request.headers.authorization])).toEqual([
      ['http://a/base/v1', '/metrics', 'Bearer own'],
    ]);
    await balancer.close();
  });

  it('has no load before its first page, and then what the page says, its own requests beside it', async () => {
    const balancer = balance();
    void balancer.fetch(CHAT, chat(true));
    await clock.advanceAsync(50);
    expect(loadOf(balancer)).toBeUndefined();
    const readAt = clock.now();
    await clock.advanceAsync(10);
    page(lastPoll(), running(4));
    const load = { running: 4, observedAt: readAt, ownOutstanding: 1 };
    expect(loadOf(balancer)).toEqual(load);
    expect(balancer.snapshot().endpoints[0]?.load).toEqual(load);
    expect(told('load-observed')).toEqual([{ type: 'load-observed', endpoint: 'a', load }]);
    await balancer.close();
  });

  it('counts as its own the most requests it had while the page was read', async () => {
    const balancer = balance();
    await clock.advanceAsync(50);
    void balancer.fetch(CHAT, chat(true));
    page(lastPoll(), running(1));
    expect(loadOf(balancer)).toMatchObject({ ownOutstanding: 1 });
    await balancer.close();
  });

  it.each([
    [0, 800],
    [0.5, 900],
    [0.999, 999.8],
  ])('is asked again after an interval that chance shortens by up to a fifth (%f)', async (random, wait) => {
    const balancer = balance([POLLED], random);
    await clock.advanceAsync(100);
    const startedAt = clock.now() - (100 - 100 * random);
    page(lastPoll(), running(1));
    await clock.advanceAsync(Math.floor(wait - (clock.now() - startedAt)) - 2);
    expect(polls()).toHaveLength(1);
    await clock.advanceAsync(4);
    expect(polls()).toHaveLength(2);
    await balancer.close();
  });

  it('shows no reading that is older than three intervals', async () => {
    const balancer = balance();
    await clock.advanceAsync(50);
    page(lastPoll(), running(4));
    const { observedAt = 0 } = loadOf(balancer) ?? {};
    while (clock.now() < observedAt + 2_999) {
      await clock.advanceAsync(1);
      if (!lastPoll().over) lastPoll().status(500);
    }
    expect(loadOf(balancer)).toMatchObject({ running: 4 });
    await clock.advanceAsync(1);
    expect(loadOf(balancer)).toBeUndefined();
    await balancer.close();
  });

  it('is asked less and less often while it fails, a minute apart at most, and says so once', async () => {
    const balancer = balance();
    const startedAt: number[] = [];
    for (let attempt = 0; attempt < 10; attempt++) {
      while (polls().length === attempt) await clock.advanceAsync(50);
      startedAt.push(clock.now());
      lastPoll().status(404);
    }
    const waits = startedAt.slice(1).map((time, index) => Math.round((time - (startedAt[index] ?? 0)) / 900));
    expect(waits).toEqual([2, 4, 8, 16, 32, 60, 60, 60, 60]);
    expect(told('load-failed')).toEqual([
      { type: 'load-failed', endpoint: 'a', parser: 'vllm', problem: 'status 404' },
    ]);
    await balancer.close();
  });

  it('is asked as often as before once its page is there again, and complained of again when it fails anew', async () => {
    const balancer = balance();
    const next = async () => {
      const before = polls().length;
      while (polls().length === before) await clock.advanceAsync(50);
      return lastPoll();
    };
    (await next()).fail('ECONNREFUSED');
    (await next()).fail('ECONNREFUSED');
    page(await next(), running(1));
    const readAt = clock.now();
    const again = await next();
    expect(clock.now() - readAt).toBeLessThan(1_000);
    again.fail('ECONNREFUSED');
    expect(told('load-failed')).toHaveLength(2);
    await balancer.close();
  });

  it.each<[string, (call: FakeCall) => void, RegExp]>([
    [
      'a page without its series',
      (call) => page(call, 'process_cpu_seconds_total 1\n'),
      /none of the series/,
    ],
    ['no answer in time', () => {}, /no answer in 2000 ms/],
    ['half an answer in time', (call) => void call.headers(200).data(running(1)), /no answer/],
    ['a page without end', (call) => void call.headers(200).data('x'.repeat(9_000_000)), /longer than/],
    ['a connection that is refused', (call) => call.fail('ECONNREFUSED'), /ECONNREFUSED/],
  ])('has no load after %s', async (_, answer, problem) => {
    const balancer = balance();
    await clock.advanceAsync(50);
    answer(lastPoll());
    await clock.advanceAsync(2_000);
    expect(polls()[0]?.over).toBe(true);
    expect(loadOf(balancer)).toBeUndefined();
    expect(told('load-failed')).toMatchObject([{ problem: expect.stringMatching(problem) }]);
    await balancer.close();
  });

  it('has no load from a parser that throws, and nothing else suffers', async () => {
    const broken = {
      name: 'broken',
      path: '/metrics',
      parse: () => {
        throw new Error('no idea');
      },
    };
    const balancer = balance([{ ...POLLED, metrics: { parser: broken } }]);
    await clock.advanceAsync(100);
    page(lastPoll(), running(1));
    expect(told('load-failed')).toMatchObject([{ problem: 'the parser threw: no idea' }]);
    await balancer.close();
  });

  it('is read from several sources, and sends its key to its own origin alone', async () => {
    const balancer = balance([
      {
        ...POLLED,
        headers: { authorization: 'Bearer own' },
        metrics: [
          { parser: vllm(), interval: 1_000 },
          { parser: dcgm(), interval: 1_000 },
        ],
      },
    ]);
    await clock.advanceAsync(50);
    expect(polls().map(({ url, request }) => [url, request.path, request.headers.authorization])).toEqual([
      ['http://a', '/metrics', 'Bearer own'],
      ['http://a:9400', '/metrics', undefined],
    ]);
    const [engine, gpu] = polls();
    if (engine) page(engine, running(4));
    if (gpu) page(gpu, 'DCGM_FI_DEV_GPU_UTIL 50\n');
    expect(loadOf(balancer)).toMatchObject({ running: 4, gpuUtilization: 0.5 });
    await balancer.close();
    expect(wire.channels.every(({ closed }) => closed)).toBe(true);
  });

  it('is read over the connections that the balancer was given, pages on other origins too', async () => {
    const given = new FakeWire();
    const metrics = [
      { parser: vllm(), interval: 1_000 },
      { parser: dcgm(), interval: 1_000 },
    ];
    const balancer = new LoadBalancer(
      { endpoints: [{ ...POLLED, metrics }], clock, random: () => 0.5 },
      given.open.bind(given),
    );
    await clock.advanceAsync(50);
    expect(given.calls.map(({ url }) => url)).toEqual(['http://a', 'http://a:9400']);
    expect(wire.channels).toEqual([]);
    await balancer.close();
  });

  it('is read under one timer, however many endpoints there are', async () => {
    const many = Array.from({ length: 20 }, (_, index) => ({
      ...POLLED,
      id: `e${index}`,
      url: `http://e${index}`,
    }));
    const balancer = balance(many);
    expect(clock.pending).toBe(1);
    await clock.advanceAsync(50);
    expect(polls()).toHaveLength(20);
    expect(clock.pending).toBe(1);
    await balancer.close();
    expect(clock.pending).toBe(0);
  });

  it('keeps what was read through an update, and forgets it when the metrics are taken away', async () => {
    const balancer = balance();
    await clock.advanceAsync(50);
    page(lastPoll(), running(4));
    balancer.update([{ ...POLLED, weight: 2, metrics: { parser: vllm(), interval: 1_000 } }]);
    expect(loadOf(balancer)).toMatchObject({ running: 4 });
    expect(polls()).toHaveLength(1);
    balancer.update([{ url: 'http://a', id: 'a' }]);
    expect(loadOf(balancer)).toBeUndefined();
    expect(clock.pending).toBe(0);
    await balancer.close();
  });

  it('is asked no more once it is removed, and an answer under way is dropped', async () => {
    const balancer = balance([POLLED, { url: 'http://b', id: 'b' }]);
    await clock.advanceAsync(50);
    balancer.remove('a');
    expect(lastPoll().aborted).toBe(true);
    await clock.advanceAsync(10_000);
    expect(polls()).toHaveLength(1);
    await balancer.close();
  });

  it('is read from the moment it joins', async () => {
    const balancer = balance([{ url: 'http://b', id: 'b' }]);
    expect(clock.pending).toBe(0);
    balancer.add(POLLED);
    await clock.advanceAsync(50);
    page(lastPoll(), running(2));
    expect(balancer.endpoints.find(({ id }) => id === 'a')?.load).toMatchObject({ running: 2 });
    await balancer.close();
  });
});

describe('An endpoint whose engine says that it is asleep', () => {
  const sleeps = (asleep: boolean) =>
    `vllm:engine_sleep_state{sleep_state="awake"} ${asleep ? 0 : 1}\n` +
    `vllm:engine_sleep_state{sleep_state="weights_offloaded"} ${asleep ? 1 : 0}\n`;
  const OTHER: EndpointConfig = { url: 'http://b', id: 'b' };
  const stateOf = (balancer: LoadBalancer) => balancer.endpoints.find(({ id }) => id === 'a')?.state;
  const asleep = async (endpoints: readonly EndpointConfig[] = [POLLED, OTHER]) => {
    const balancer = balance(endpoints);
    await clock.advanceAsync(50);
    page(lastPoll(), sleeps(true));
    return balancer;
  };

  it('gets no request until it says that it is awake, and is eased in then', async () => {
    const balancer = await asleep();
    expect(stateOf(balancer)).toBe('warming');
    expect(balancer.explain().exclusions).toEqual([{ endpoint: 'a', reason: 'warming' }]);
    expect(told('endpoint-state')).toEqual([
      { type: 'endpoint-state', endpoint: 'a', from: 'healthy', to: 'warming' },
    ]);
    await clock.advanceAsync(900);
    page(lastPoll(), sleeps(true));
    expect(stateOf(balancer)).toBe('warming');
    await clock.advanceAsync(900);
    page(lastPoll(), sleeps(false));
    expect(stateOf(balancer)).toBe('healthy');
    expect(balancer.endpoints.find(({ id }) => id === 'a')?.slowStart).toBeLessThan(1);
    await balancer.close();
  });

  it('makes requests wait where there is no other, and lets them go when it is awake', async () => {
    const balancer = await asleep([POLLED]);
    const reply = balancer.fetch(CHAT, chat(false));
    await clock.advanceAsync(900);
    expect(balancer.snapshot()).toMatchObject({ queued: 1, outstanding: 0 });
    page(lastPoll(), sleeps(false));
    await clock.advanceAsync(0);
    wire.last.json();
    expect((await reply).status).toBe(200);
    await balancer.close();
  });

  it('counts as awake when what it said is too old, and is read every interval until then', async () => {
    const balancer = await asleep();
    const saidAt = clock.now();
    const before = polls().length;
    while (stateOf(balancer) === 'warming') {
      await clock.advanceAsync(10);
      if (!lastPoll().over) lastPoll().status(500);
      expect(clock.now()).toBeLessThan(saidAt + 10_000);
    }
    expect(clock.now() - saidAt).toBeGreaterThanOrEqual(3_000);
    expect(clock.now() - saidAt).toBeLessThan(4_000);
    expect(polls().length - before).toBe(4);
    await balancer.close();
  });

  it('counts as awake when nobody reads its metrics any more', async () => {
    const balancer = await asleep();
    balancer.update([{ url: 'http://a', id: 'a' }, OTHER]);
    expect(stateOf(balancer)).toBe('healthy');
    await balancer.close();
  });

  it('counts as awake where only its answers say so, of which there would be no more', async () => {
    const parser = { name: 'told', parse: () => undefined, parseHeaders: () => ({ asleep: true }) };
    const told: EndpointConfig = { url: 'http://a', id: 'a', metrics: { parser } };
    const balancer = balance([told]);
    const reply = balancer.fetch(CHAT, chat(false));
    wire.last.json();
    await reply;
    expect(loadOf(balancer)).toMatchObject({ asleep: true });
    balancer.update([told, OTHER]);
    expect(stateOf(balancer)).toBe('healthy');
    await balancer.close();
  });

  it('stays out of the pool while another source has nothing to say of sleep', async () => {
    const metrics = [
      { parser: vllm(), interval: 1_000 },
      { parser: dcgm(), interval: 1_000 },
    ];
    const balancer = balance([{ ...POLLED, metrics }, OTHER]);
    await clock.advanceAsync(50);
    const [engine, gpu] = polls();
    if (engine) page(engine, sleeps(true));
    if (gpu) page(gpu, 'DCGM_FI_DEV_GPU_UTIL 0\n');
    expect(stateOf(balancer)).toBe('warming');
    await balancer.close();
  });

  it('on standby stays there, and is passed over by a pool that cannot wake it', async () => {
    const spare: EndpointConfig = { url: 'http://c', id: 'c', standby: true };
    const balancer = await asleep([{ ...POLLED, standby: true }, { ...OTHER, maxOutstanding: 1 }, spare]);
    expect(stateOf(balancer)).toBe('standby');
    void balancer.fetch(CHAT, chat(false));
    void balancer.fetch(CHAT, chat(false));
    expect(balancer.endpoints.map(({ id, state }) => `${id} ${state}`)).toEqual([
      'a standby',
      'b healthy',
      'c healthy',
    ]);
    await balancer.close();
  });

  it('is ready in the instant in which the hook has woken it, whatever a reading under way says', async () => {
    const hook: ActivationHook = { name: 'wakes', activate: async () => {}, rest: async () => {} };
    const balancer = new LoadBalancer({
      endpoints: [{ ...POLLED, standby: true }, OTHER],
      clock,
      random: () => 0.5,
      warmPool: { hook },
    });
    await clock.advanceAsync(50);
    page(lastPoll(), sleeps(true));
    await clock.advanceAsync(900);
    const underWay = lastPoll();
    expect(underWay.over).toBe(false);
    await clock.advanceAsync(10);
    await balancer.activate('a');
    expect(stateOf(balancer)).toBe('healthy');
    page(underWay, sleeps(true));
    expect(stateOf(balancer)).toBe('healthy');
    await clock.advanceAsync(900);
    page(lastPoll(), sleeps(true));
    expect(stateOf(balancer)).toBe('warming');
    await balancer.close();
  });
});

describe('An endpoint that tells its load in the headers of its answers', () => {
  const TOLD: EndpointConfig = { url: 'http://a', id: 'a', metrics: { parser: orca(), interval: 1_000 } };
  const answer = (header: string) => {
    wire.last.headers(200, { ...JSON_BODY, 'endpoint-load-metrics': header });
    wire.last.data('{"ok":true}').end();
  };

  it('is sent the header that asks for it, is never polled, and shows what the last answer said', async () => {
    const balancer = balance([TOLD]);
    const reply = balancer.fetch(CHAT, chat(false));
    expect(wire.last.request.headers['endpoint-load-metrics-format']).toBe('JSON');
    answer('JSON {"named_metrics": {"num_requests_waiting": 3.0}}');
    await reply;
    expect(loadOf(balancer)).toEqual({ waiting: 3, observedAt: clock.now(), ownOutstanding: 1 });
    expect(told('load-observed')).toHaveLength(1);
    expect(clock.pending).toBe(0);
    await clock.advanceAsync(3_000);
    expect(loadOf(balancer)).toBeUndefined();
    expect(polls()).toEqual([]);
    await balancer.close();
  });

  it('loses no answer to a parser that throws', async () => {
    const broken = {
      name: 'broken',
      parse: () => undefined,
      parseHeaders: () => {
        throw new Error('no idea');
      },
    };
    const balancer = balance([{ ...TOLD, metrics: { parser: broken } }]);
    const reply = balancer.fetch(CHAT, chat(false));
    answer('TEXT named_metrics.num_requests_waiting=3');
    expect((await reply).status).toBe(200);
    await balancer.close();
  });
});
