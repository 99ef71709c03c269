import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { ActivationHook } from '../../../src/core/activation.js';
import { type EndpointConfig, type LoadBalancerOptions, vllmSleep } from '../../../src/index.js';
import { CHAT, chat } from '../../support/fleet.js';
import { answers500In, answersIn, neverAnswers, VirtualServers } from '../../support/virtual-servers.js';

let servers = new VirtualServers();
vi.mock('../../../src/transport/undici-transport.js', () => ({
  openUndiciChannel: (...args: Parameters<VirtualServers['open']>) => servers.open(...args),
}));
beforeEach(() => {
  servers = new VirtualServers();
});

const SEED = 5;
const [WORK, ONE, TWO] = ['http://work', 'http://one', 'http://two'];
const FLEET: readonly EndpointConfig[] = [
  { url: WORK, id: 'work', maxOutstanding: 10 },
  { url: ONE, id: 'one', maxOutstanding: 10, standby: true },
  { url: TWO, id: 'two', maxOutstanding: 10, standby: true },
];

function balance(options: Partial<LoadBalancerOptions> = {}) {
  const { balancer, events } = servers.balance({ endpoints: FLEET, ...options }, SEED);
  const states = () => Object.fromEntries(balancer.endpoints.map(({ id, state }) => [id, state]));
  const moves = () =>
    events.flatMap((event) =>
      event.type === 'endpoint-activated' || event.type === 'endpoint-rested'
        ? [`${event.at} ${event.type} ${event.endpoint} ${event.reason}`]
        : event.type === 'activation-failed'
          ? [`${event.at} ${event.type} ${event.endpoint}`]
          : [],
    );
  const ask = (count: number) => Promise.all(Array.from({ length: count }, () => servers.ask(balancer)));
  return { balancer, events, states, moves, ask };
}

describe('An endpoint on standby', () => {
  it('gets nothing while the others have room', async () => {
    const { balancer, ask, states, moves } = balance();
    const answers = ask(7);
    await servers.clock.advanceAsync(60_000);
    expect((await answers).map(({ status }) => status)).toEqual(Array(7).fill(200));
    expect(states()).toEqual({ work: 'healthy', one: 'standby', two: 'standby' });
    expect([servers.server(ONE).requests, moves()]).toEqual([[], []]);
    expect(balancer.explain().exclusions).toContainEqual({ endpoint: 'one', reason: 'standby' });
    await balancer.close();
  });

  it('is activated in the instant in which a request finds no place', async () => {
    servers.server(WORK).does = answersIn(5_000);
    const { balancer, ask, states, moves } = balance({ slowStart: false });
    const answers = ask(11);
    await servers.clock.advanceAsync(0);
    expect(states()).toEqual({ work: 'healthy', one: 'healthy', two: 'standby' });
    expect(moves()).toEqual(['0 endpoint-activated one saturated']);
    expect(balancer.snapshot()).toMatchObject({ queued: 0, outstanding: 11 });
    await servers.clock.advanceAsync(10_000);
    expect((await answers).every(({ duration }) => duration <= 5_000)).toBe(true);
    await balancer.close();
  });

  it('is activated before anybody waits, at the threshold', async () => {
    servers.server(WORK).does = answersIn(5_000);
    const { balancer, ask, moves } = balance({ warmPool: { activateAt: 0.5 } });
    const answers = ask(5);
    await servers.clock.advanceAsync(499);
    expect(moves()).toEqual([]);
    await servers.clock.advanceAsync(1);
    expect(moves()).toEqual(['500 endpoint-activated one saturated']);
    await servers.clock.advanceAsync(10_000);
    await answers;
    await balancer.close();
  });

  it('goes back when it has not been needed for a while, the last one first, and ends what it has', async () => {
    for (const url of [WORK, ONE, TWO]) servers.server(url).does = answersIn(3_000);
    const { balancer, ask, states, moves } = balance({ warmPool: { calm: 10_000 } });
    const answers = ask(25);
    await servers.clock.advanceAsync(0);
    expect(states()).toEqual({ work: 'healthy', one: 'healthy', two: 'healthy' });
    await servers.clock.advanceAsync(30_000);
    expect((await answers).map(({ status }) => status)).toEqual(Array(25).fill(200));
    expect(moves()).toEqual([
      '0 endpoint-activated one saturated',
      '0 endpoint-activated two saturated',
      // Calm since 3 000, seen at 3 000 or half a second later.
      '13000 endpoint-rested two calm',
      '23500 endpoint-rested one calm',
    ]);
    expect(states()).toEqual({ work: 'healthy', one: 'standby', two: 'standby' });
    await balancer.close();
  });

  it('does not swing: a load between both thresholds changes nothing', async () => {
    servers.server(WORK).does = servers.server(ONE).does = answersIn(1_000);
    const { balancer, moves } = balance({ warmPool: { calm: 5_000, activateAt: 0.8, restAt: 0.4 } });
    // Six at a time: 0.6 of what `work` has.
    await servers.load(balancer, 1_000 / 6, 60_000);
    expect(moves()).toEqual([]);
    const burst = Array.from({ length: 8 }, () => servers.ask(balancer));
    await servers.load(balancer, 1_000 / 6, 60_000);
    await Promise.all(burst);
    // 6 of 10 without it: not below 0.4.
    expect(moves().map((move) => move.replace(/^\S+ /, ''))).toEqual(['endpoint-activated one saturated']);
    await balancer.close();
  });

  it('stands in for one that is down, one for one, and leaves when that one is back', async () => {
    servers.server(WORK).does = answers500In(1);
    const endpoints = [
      { url: WORK, id: 'work' },
      { url: 'http://other', id: 'other' },
      { url: ONE, id: 'one', standby: true },
      { url: TWO, id: 'two', standby: true },
    ];
    const { balancer, states, moves } = balance({ endpoints, warmPool: { calm: 5_000 } });
    await servers.load(balancer, 20, 2_000);
    expect(states()).toMatchObject({ work: 'open', one: 'healthy', two: 'standby' });
    servers.server(WORK).does = answersIn(100);
    await servers.load(balancer, 20, 60_000);
    expect(moves().map((move) => move.replace(/^\S+ /, ''))).toEqual([
      'endpoint-activated one down',
      'endpoint-rested one calm',
    ]);
    await balancer.close();
  });

  it('serves at once when nobody else is left', async () => {
    const { balancer, ask, moves } = balance();
    balancer.remove('work');
    const answers = ask(1);
    await servers.clock.advanceAsync(200);
    expect((await answers)[0]).toMatchObject({ status: 200, duration: 100 });
    await servers.clock.advanceAsync(300_000);
    // The last one stays, or the balancer would be ready for nothing.
    expect(moves()).toEqual(['0 endpoint-activated one saturated']);
    await balancer.close();
  });

  it('waits for its health before it gets anything', async () => {
    servers.server(WORK).does = answersIn(60_000);
    servers.server(ONE).health = (call, time) => void time.setTimer(() => call.json(), 300);
    const [work, one] = FLEET;
    const endpoints = [work, { ...one, healthPath: '/health' }] as EndpointConfig[];
    const { balancer, ask, states } = balance({ endpoints });
    void ask(11);
    await servers.clock.advanceAsync(299);
    expect(states()).toEqual({ work: 'healthy', one: 'warming' });
    expect(balancer.snapshot().queued).toBe(1);
    await servers.clock.advanceAsync(1);
    expect(states()).toEqual({ work: 'healthy', one: 'healthy' });
    expect(servers.server(ONE).requests).toEqual([300]);
    await balancer.close();
  });

  it('is no help to those who ask for a model that it does not serve', async () => {
    servers.server(WORK).does = neverAnswers;
    const endpoints = [
      { url: WORK, id: 'work', maxOutstanding: 1, models: ['mock-model'] },
      { url: ONE, id: 'one', standby: true, models: ['another'] },
    ];
    const { balancer, ask, moves } = balance({ endpoints });
    void ask(3);
    await servers.clock.advanceAsync(1_000);
    expect([balancer.snapshot().queued, moves()]).toEqual([2, []]);
    await balancer.close();
  });

  it('is activated rather than a higher tier without limits kept busy', async () => {
    servers.server(WORK).does = servers.server(ONE).does = answersIn(60_000);
    const [work, one] = FLEET;
    const endpoints = [work, one, { url: 'http://hosted', id: 'hosted', tier: 1 }] as EndpointConfig[];
    const { balancer, ask, moves } = balance({ endpoints });
    void ask(12);
    await servers.clock.advanceAsync(500);
    expect(moves()).toEqual(['500 endpoint-activated one saturated']);
    expect(balancer.endpoints.map(({ id, outstanding }) => [id, outstanding])).toEqual([
      ['work', 10],
      ['one', 0],
      // Its two have been answered.
      ['hosted', 0],
    ]);
    void ask(1);
    await servers.clock.advanceAsync(0);
    expect(balancer.endpoints.find(({ id }) => id === 'one')?.outstanding).toBe(1);
    await balancer.close();
  });

  it('that joined with an initialDelay waits for it once, on standby already', async () => {
    const [work] = FLEET;
    const { balancer, states } = balance({ endpoints: [work] as EndpointConfig[], warmPool: false });
    balancer.add({ url: ONE, id: 'one', standby: true, initialDelay: 10_000 });
    balancer.add({ url: TWO, id: 'two', standby: true, initialDelay: 10_000 });
    await servers.clock.advanceAsync(9_000);
    await balancer.activate('one');
    expect(states()).toMatchObject({ one: 'warming', two: 'standby' });
    await servers.clock.advanceAsync(1_000);
    await balancer.activate('two');
    expect(states()).toMatchObject({ one: 'healthy', two: 'healthy' });
    await balancer.close();
  });

  it('is activated and put back by call, and then the pool lets it be', async () => {
    const { balancer, states, moves } = balance({ warmPool: { calm: 0 } });
    await balancer.activate('one');
    await servers.clock.advanceAsync(60_000);
    expect(states()).toMatchObject({ one: 'healthy' });
    await balancer.standby('one');
    await balancer.standby('one');
    expect(states()).toMatchObject({ one: 'standby' });
    expect(moves()).toEqual(['0 endpoint-activated one called', '60000 endpoint-rested one called']);
    await expect(balancer.activate('nobody')).rejects.toThrow(/`id`/);
    await expect(balancer.standby('nobody')).rejects.toThrow(/`id`/);
    await balancer.close();
  });

  it('may be any endpoint, by call, and stays active or not through an update with the same list', async () => {
    const { balancer, states } = balance({ warmPool: false });
    await balancer.standby('work');
    await balancer.activate('one');
    balancer.update(FLEET);
    expect(states()).toEqual({ work: 'standby', one: 'healthy', two: 'standby' });
    balancer.update(FLEET.map((endpoint) => ({ ...endpoint, standby: endpoint.id === 'two' })));
    expect(states()).toEqual({ work: 'standby', one: 'healthy', two: 'standby' });
    balancer.update(FLEET.map((endpoint) => ({ ...endpoint, standby: endpoint.id === 'one' })));
    expect(states()).toEqual({ work: 'standby', one: 'standby', two: 'healthy' });
    await balancer.close();
  });

  it('is activated by nobody when the pool is off', async () => {
    servers.server(WORK).does = neverAnswers;
    const { balancer, ask, moves } = balance({ warmPool: false });
    void ask(20);
    await servers.clock.advanceAsync(10_000);
    expect([balancer.snapshot().queued, moves()]).toEqual([10, []]);
    await balancer.close();
    expect(servers.clock.pending).toBe(0);
  });
});

describe('An activation hook', () => {
  /** Takes its time, and writes down what it was called for. */
  function slowHook(takes: number, fail: () => boolean = () => false) {
    const calls: string[] = [];
    const run = (what: string) => (target: { id: string }) => {
      calls.push(`${servers.clock.now()} ${what} ${target.id}`);
      return new Promise<void>((resolve, reject) => {
        servers.clock.setTimer(() => (fail() ? reject(new Error('no GPU')) : resolve()), takes);
      });
    };
    const hook: ActivationHook = { name: 'slow', activate: run('activate'), rest: run('rest') };
    return { hook, calls };
  }

  it('puts endpoints to rest when they are discovered, and wakes them before they get requests', async () => {
    servers.server(WORK).does = answersIn(60_000);
    const { hook, calls } = slowHook(400);
    const { balancer, ask, states } = balance({ warmPool: { hook } });
    await servers.clock.advanceAsync(1_000);
    expect(calls).toEqual(['0 rest one', '0 rest two']);
    void ask(11);
    await servers.clock.advanceAsync(399);
    expect(states()).toEqual({ work: 'healthy', one: 'warming', two: 'standby' });
    expect(servers.server(ONE).requests).toEqual([]);
    await servers.clock.advanceAsync(1);
    expect(states()).toMatchObject({ one: 'healthy' });
    expect(servers.server(ONE).requests).toEqual([1_400]);
    await balancer.close();
  });

  it('is waited for when nobody else is left', async () => {
    const { hook } = slowHook(400);
    const { balancer, ask } = balance({ warmPool: { hook } });
    await servers.clock.advanceAsync(1_000);
    balancer.remove('work');
    const answers = ask(2);
    await servers.clock.advanceAsync(500);
    expect(await answers).toMatchObject([
      { status: 200, duration: 500 },
      { status: 200, duration: 500 },
    ]);
    await balancer.close();
  });

  it('is not called to rest before the last request has ended, nor when it is needed again by then', async () => {
    servers.server(ONE).does = answersIn(5_000);
    const { hook, calls } = slowHook(0);
    const { balancer } = balance({ warmPool: { hook }, slowStart: false });
    await servers.clock.advanceAsync(0);
    const activated = balancer.activate('one');
    await servers.clock.advanceAsync(0);
    await activated;
    const answer = balancer.fetch(CHAT, { ...chat(true), evenkeel: { endpoints: ['one'] } });
    await servers.clock.advanceAsync(0);
    const rested = balancer.standby('one');
    await servers.clock.advanceAsync(1_000);
    await balancer.activate('one');
    await servers.clock.advanceAsync(10_000);
    await (await answer).text();
    await rested;
    expect(calls).toEqual(['0 rest one', '0 rest two', '0 activate one']);
    await balancer.close();
  });

  it('that fails leaves the endpoint on standby for a while, and another one is taken', async () => {
    servers.server(WORK).does = answersIn(60_000);
    let broken = false;
    const { hook, calls } = slowHook(100, () => broken);
    const { balancer, ask, states, moves } = balance({ warmPool: { hook } });
    await servers.clock.advanceAsync(1_000);
    broken = true;
    void ask(11);
    await servers.clock.advanceAsync(10_000);
    expect(states()).toEqual({ work: 'healthy', one: 'standby', two: 'standby' });
    expect(moves()).toEqual([
      '1000 endpoint-activated one saturated',
      '1100 activation-failed one',
      '1100 endpoint-activated two saturated',
      '1200 activation-failed two',
    ]);
    broken = false;
    await servers.clock.advanceAsync(21_000);
    expect(states()).toMatchObject({ one: 'healthy' });
    expect(calls.at(-1)).toBe('31500 activate one');
    await balancer.close();
  });

  it('that never ends is cut off, and whoever called hears why', async () => {
    const hook: ActivationHook = {
      name: 'stuck',
      activate: () => new Promise(() => {}),
      rest: async () => {},
    };
    const { balancer, states } = balance({ warmPool: { hook, hookTimeout: 2_000 } });
    await servers.clock.advanceAsync(0);
    const refused = expect(balancer.activate('one')).rejects.toThrow(/warmPool.hookTimeout/);
    await servers.clock.advanceAsync(2_000);
    await refused;
    expect(states()).toMatchObject({ one: 'standby' });
    await balancer.close();
  });

  it.each([
    [1, ['POST /sleep?level=1', 'POST /wake_up']],
    [
      2,
      [
        'POST /sleep?level=2',
        'POST /wake_up?tags=weights',
        'POST /collective_rpc {"method":"reload_weights"}',
        'POST /wake_up?tags=kv_cache',
      ],
    ],
  ] as const)('of vLLM calls its sleep mode, level %i', async (level, expected) => {
    const seen: string[] = [];
    servers.server(ONE).health = (call) => {
      const { method, path, body } = call.request;
      seen.push([method, path, ...(body === undefined ? [] : [String(body)])].join(' '));
      call.json();
    };
    const [, one] = FLEET;
    const endpoints = [one] as EndpointConfig[];
    const { balancer } = balance({ endpoints, warmPool: { hook: vllmSleep({ level }) } });
    await servers.clock.advanceAsync(0);
    const activated = balancer.activate('one');
    await servers.clock.advanceAsync(10);
    await activated;
    expect(seen).toEqual(expected);
    await balancer.close();
  });

  it('of vLLM says so when the server has no sleep mode', async () => {
    servers.server(ONE).health = (call) => call.status(404);
    const { balancer, events } = balance({ warmPool: { hook: vllmSleep() } });
    await servers.clock.advanceAsync(10);
    expect(events.find(({ type }) => type === 'activation-failed')).toMatchObject({
      endpoint: 'one',
      error: { message: 'POST /sleep?level=1 was answered with 404' },
    });
    await balancer.close();
  });
});

describe('Options of the pool', () => {
  it.each([
    [{ activateAt: 0 }, 'warmPool.activateAt'],
    [{ restAt: 0.9 }, 'warmPool.restAt'],
    [{ calm: -1 }, 'warmPool.calm'],
    [{ hookTimeout: 0 }, 'warmPool.hookTimeout'],
    [{ hook: 'vllm' }, 'warmPool.hook'],
    [{ hook: { activate: () => {} } }, 'warmPool.hook'],
    [{ size: 3 }, 'warmPool.size'],
  ])('%j is refused as %s', (warmPool, option) => {
    expect(() => balance({ warmPool: warmPool as object })).toThrow(`\`${option}\``);
  });

  it('lets the lower threshold follow the upper one', () => {
    expect(() => balance({ warmPool: { activateAt: 0.2 } }).balancer.close()).not.toThrow();
    expect(() => vllmSleep({ level: 3 as 1 })).toThrow(/vllmSleep.level/);
  });
});
