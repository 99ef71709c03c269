import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { EndpointConfig } from '../../src/index.js';
import { answersIn, type Behaviour, VirtualServers } from '../support/virtual-servers.js';

let servers = new VirtualServers();
vi.mock('../../src/transport/undici-transport.js', () => ({
  openUndiciChannel: (...args: Parameters<VirtualServers['open']>) => servers.open(...args),
}));
beforeEach(() => {
  servers = new VirtualServers();
});

const OLD = ['http://old-1', 'http://old-2'];
const NEW = 'http://new';
const MINUTE = 60_000;
/** How long the newcomer loads its model. */
const LOADING = 90_000;
const SEEDS = [1, 2, 3];

interface Joining {
  readonly seed: number;
  readonly retry?: false;
  /** How long to look at it once it could answer, in ms. */
  readonly watched?: number;
}

/** Twenty requests a second; after one minute a third server joins, which loads for 90 s. */
async function join(newcomer: Partial<EndpointConfig>, { seed, retry, watched = 30_000 }: Joining) {
  const readyAt = MINUTE + LOADING;
  const loads: Behaviour = (call, clock) => {
    if (clock.now() < readyAt) call.status(503);
    else answersIn(500)(call, clock);
  };
  for (const url of OLD) servers.server(url).does = answersIn(500);
  servers.server(NEW).does = loads;
  servers.server(NEW).health = (call, clock) => (clock.now() < readyAt ? call.status(503) : call.json());
  const balancer = servers.balancer(
    { endpoints: OLD.map((url) => ({ url })), ...(retry === undefined ? {} : { retry }) },
    seed,
  );
  const before = await servers.load(balancer, 50, MINUTE);
  balancer.add({ url: NEW, ...newcomer });
  const after = await servers.load(balancer, 50, LOADING + watched);
  await servers.clock.advanceAsync(2_000);
  await balancer.close();
  const { requests } = servers.server(NEW);
  /** Of all attempts in a span after it was ready, those that it got. */
  const share = (from: number, to: number) =>
    requests.filter((at) => at >= readyAt + from && at < readyAt + to).length /
    servers.attempts(readyAt + from, readyAt + to);
  return {
    failed: [...before, ...after].filter(({ status }) => status !== 200).length,
    early: requests.filter((at) => at < readyAt).length,
    first: (requests[0] ?? Number.POSITIVE_INFINITY) - readyAt,
    share,
  };
}

describe('A replica that answers 503 for its first 90 s', () => {
  it.each(SEEDS)('gets nothing before its health is good, and then ramps; seed %i', async (seed) => {
    const { failed, early, first, share } = await join(
      { healthPath: '/health' },
      { seed, retry: false, watched: 105_000 },
    );
    expect({ failed, early }).toEqual({ failed: 0, early: 0 });
    // The next probe comes within 5 s; with a tenth of its weight it is then the last to be chosen for a while.
    expect(first).toBeLessThan(10_000);
    const [begin, middle, end] = [share(0, 10_000), share(10_000, 25_000), share(40_000, 100_000)];
    expect(begin).toBeLessThan(0.2);
    expect(middle).toBeGreaterThan(begin);
    expect(end).toBeGreaterThan(middle);
    expect(end).toBeCloseTo(1 / 3, 1);
  });

  it.each(SEEDS)('gets nothing before its initialDelay is over; seed %i', async (seed) => {
    const { failed, early, first } = await join({ initialDelay: 100_000 }, { seed, retry: false });
    expect({ failed, early }).toEqual({ failed: 0, early: 0 });
    expect(first).toBeLessThan(20_000);
  });

  it.each(SEEDS)('without either costs an application without retries errors; seed %i', async (seed) => {
    const { failed, early } = await join({}, { seed, retry: false });
    expect(failed).toBeGreaterThan(10);
    expect(early).toBe(failed);
  });

  it.each(SEEDS)('without either costs one with retries wasted attempts; seed %i', async (seed) => {
    const { failed, early } = await join({}, { seed });
    expect(early).toBeGreaterThan(10);
    // Retries hide most of them.
    expect(failed).toBeLessThan(early / 5);
  });
});
