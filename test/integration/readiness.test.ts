import { describe, expect, it } from 'vitest';
import { manualClock, seededRandom } from '../../src/testing/index.js';
import { CHAT, chat, Fleet } from '../support/fleet.js';

const OPEN_FOR = 5_000;
const probing = { healthPath: '/health' };

/** Asks one after another, and gives the endpoint that answered each. */
async function ask({ balancer }: Fleet, count: number): Promise<(string | null)[]> {
  const endpoints: (string | null)[] = [];
  for (let index = 0; index < count; index++) {
    const response = await balancer.fetch(CHAT, chat(false));
    await response.text();
    expect(response.status).toBe(200);
    endpoints.push(response.headers.get('x-evenkeel-endpoint'));
  }
  return endpoints;
}

const stateOf = ({ balancer }: Fleet, id: string) =>
  balancer.endpoints.find((endpoint) => endpoint.id === id)?.state;
const healthChecks = (fleet: Fleet, index: number) => fleet.server(index).stats.byPath['/health'] ?? 0;

describe('A server that loads its model', () => {
  it('gets nothing until its health is good, and then a little at first', async () => {
    const clock = manualClock();
    await using fleet = await Fleet.start({
      servers: [{}, {}],
      endpoint: (index) => (index === 1 ? probing : {}),
      clock,
      random: seededRandom(5),
    });
    fleet.server(1).healthy = false;
    // The first probe is due at once.
    await clock.advanceAsync(0);
    await fleet.until(() => fleet.of('endpoint-probed').length === 1);
    expect(new Set(await ask(fleet, 20))).toEqual(new Set(['s0']));
    expect(fleet.server(1).stats.requests).toBe(0);
    expect(stateOf(fleet, 's1')).toBe('warming');

    fleet.server(1).healthy = true;
    await clock.advanceAsync(5_000);
    await fleet.until(() => stateOf(fleet, 's1') === 'healthy');
    expect(fleet.of('endpoint-probed').map(({ healthy, status }) => ({ healthy, status }))).toEqual([
      { healthy: false, status: 503 },
      { healthy: true, status: 200 },
    ]);
    expect(fleet.balancer.endpoints.map(({ slowStart }) => slowStart)).toEqual([1, 0.1]);
    // With its whole weight both are alike, and are asked in turn by chance.
    await clock.advanceAsync(30_000);
    expect(new Set(await ask(fleet, 20))).toEqual(new Set(['s0', 's1']));
    expect(healthChecks(fleet, 1)).toBe(2);
    await fleet.settled();
  });

  it('alone makes requests wait, and serves them once it is ready', async () => {
    const clock = manualClock();
    await using fleet = await Fleet.start({ servers: [{}], endpoint: () => probing, clock });
    fleet.server(0).healthy = false;
    const waiting = Array.from({ length: 10 }, () => ask(fleet, 1));
    await clock.advanceAsync(0);
    await fleet.until(() => fleet.of('endpoint-probed').length === 1);
    expect(fleet.balancer.snapshot()).toMatchObject({ queued: 10, available: 0 });
    fleet.server(0).healthy = true;
    await clock.advanceAsync(5_000);
    await Promise.all(waiting);
    expect(fleet.server(0).stats.requests).toBe(10);
    await fleet.settled();
  });
});

describe('A server with a healthPath that is killed and comes back', () => {
  it('is served again within one open time of its return, and is not probed while it is healthy', async () => {
    const clock = manualClock();
    await using fleet = await Fleet.start({
      servers: [{}, {}],
      endpoint: () => probing,
      clock,
      random: seededRandom(6),
      breaker: { openFor: OPEN_FOR },
      // The network takes real time, of which the clock knows nothing: no backoff to wait for, no probe cut short.
      retry: { backoff: { base: 0, cap: 0 } },
      probe: { timeout: 60_000 },
    });
    await clock.advanceAsync(0);
    await fleet.until(() => fleet.balancer.snapshot().available === 2);
    await ask(fleet, 50);
    await clock.advanceAsync(60_000);
    expect([healthChecks(fleet, 0), healthChecks(fleet, 1)]).toEqual([1, 1]);

    await fleet.server(0).kill();
    while (stateOf(fleet, 's0') !== 'open') await ask(fleet, 1);
    // A minute of bad health: no request is spent on finding out.
    const before = fleet.of('attempt-started').length;
    const probes = () => fleet.of('endpoint-probed').filter(({ endpoint }) => endpoint === 's0');
    for (let round = 0; round < 12; round++) {
      const known = probes().length;
      await clock.advanceAsync(5_000);
      await fleet.until(() => probes().length > known);
      await ask(fleet, 2);
    }
    expect(
      fleet
        .of('attempt-started')
        .slice(before)
        .every(({ endpoint }) => endpoint === 's1'),
    ).toBe(true);
    expect(stateOf(fleet, 's0')).toBe('open');

    await fleet.server(0).restart();
    await clock.advanceAsync(OPEN_FOR);
    await fleet.until(() => stateOf(fleet, 's0') === 'half-open');
    while (stateOf(fleet, 's0') !== 'healthy') await ask(fleet, 1);
    expect(clock.pending).toBe(0);
    await fleet.settled();
  });
});
