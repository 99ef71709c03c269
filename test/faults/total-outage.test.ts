import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { EndpointConfig } from '../../src/index.js';
import {
  answers500In,
  answersIn,
  type Behaviour,
  neverAnswers,
  refuses,
  VirtualServers,
} from '../support/virtual-servers.js';

let servers = new VirtualServers();
vi.mock('../../src/transport/undici-transport.js', () => ({
  openUndiciChannel: (...args: Parameters<VirtualServers['open']>) => servers.open(...args),
}));

beforeEach(() => {
  servers = new VirtualServers();
});

const URLS = ['http://a', 'http://b', 'http://c', 'http://d'];
const MINUTE = 60_000;
/** Between two callers, in ms. */
const INTERVAL = 50;
const OFFERED = MINUTE / INTERVAL;
/** Retries that the budget grants whatever the load is: its reserve, and what a minute without faults has saved. */
const FLOOR = 100;

function all(behaviour: Behaviour, health: Behaviour): void {
  for (const url of URLS) Object.assign(servers.server(url), { does: behaviour, health });
}

/** A minute of health, a minute of outage, and then health again. */
async function outage(behaviour: Behaviour, seed: number, endpoint: Partial<EndpointConfig> = {}) {
  all(answersIn(200), (call) => call.json());
  const balancer = servers.balancer(
    { endpoints: URLS.map((url) => ({ url, ...endpoint })), timeouts: { firstToken: 2_000 } },
    seed,
  );
  const before = await servers.load(balancer, INTERVAL, MINUTE);
  expect(before.filter(({ status }) => status !== 200)).toEqual([]);
  const from = servers.clock.now();
  all(behaviour, refuses);
  const during = await servers.load(balancer, INTERVAL, MINUTE);
  const to = servers.clock.now();
  all(answersIn(200), (call) => call.json());
  return { balancer, during, from, to };
}

const OUTAGES: readonly (readonly [string, Behaviour])[] = [
  ['refuse connections', refuses],
  ['answer 500', answers500In(1)],
  ['never answer', neverAnswers],
];

describe.each(OUTAGES)('When all four servers %s for 60 s', (_, behaviour) => {
  it.each([1, 2])(
    'they get 1.2 attempts a request and the floor, no more; on their return callers are served at once, and all four within the open time of then; seed %i',
    async (seed) => {
      const { balancer, during, from, to } = await outage(behaviour, seed);
      expect(during.length).toBeGreaterThan(OFFERED * 0.9);
      expect(during.filter(({ status, at }) => status === 200 && at > from)).toEqual([]);
      const attempts = servers.attempts(from, to);
      expect(attempts).toBeGreaterThanOrEqual(OFFERED * 0.9);
      expect(attempts).toBeLessThanOrEqual(1.2 * OFFERED + FLOOR);

      // What was under way at the return may still run out.
      await servers.clock.advanceAsync(2_000);
      // 5 s, 5..10, 10..20, 20..40, 40..80: none that begins within a minute is longer.
      const after = await servers.load(balancer, INTERVAL, 80_000);
      expect(after.filter(({ status }) => status !== 200)).toEqual([]);
      expect(balancer.endpoints.map(({ state }) => state)).toEqual(Array(4).fill('healthy'));
      await balancer.close();
    },
  );

  it.each([1, 2])(
    'with a healthPath all four are back within one interval of probing; seed %i',
    async (seed) => {
      const { balancer } = await outage(behaviour, seed, { healthPath: '/health' });
      await servers.load(balancer, INTERVAL, 5_000 + 2_000);
      expect(balancer.endpoints.map(({ state }) => state)).toEqual(Array(4).fill('healthy'));
      await balancer.close();
    },
  );
});
