import { type EndpointConfig, LoadBalancer } from 'evenkeel';
import { manualClock, seededRandom } from 'evenkeel/testing';
import { expect, it, vi } from 'vitest';
import type { OpenChannel } from '../../src/core/transport.js';
import { memoryInUse } from '../support/heap.js';
import { fetchCaller } from './callers.js';
import { Tally } from './tally.js';
import { EXPECTED, VirtualServers } from './virtual-servers.js';

let open: OpenChannel;
vi.mock('../../src/transport/undici-transport.js', () => ({
  openUndiciChannel: (...args: Parameters<OpenChannel>) => open(...args),
}));

/** 60 with `npm run soak -- --virtual`. */
const MINUTES = Number(process.env.SOAK_MINUTES ?? 1);
const SEED = Number(process.env.SEED ?? 1);
/** Mean time between two requests: 30 a second, 108 000 an hour. */
const GAP = 33;
const MINUTE = 60_000;
const SERVERS: readonly EndpointConfig[] = [0, 1, 2, 3, 4].map((index) => ({
  url: `http://s${index}`,
  id: `s${index}`,
  weight: 1 + (index % 2),
  tier: index === 4 ? 1 : 0,
  maxOutstanding: 12,
}));

it(
  `${MINUTES} minutes of chaos in virtual time (seed ${SEED}): nothing is lost, and every count agrees at every sample`,
  async () => {
    const clock = manualClock();
    const random = seededRandom(SEED);
    const servers = new VirtualServers(clock, random);
    ({ open } = servers);
    const balancer = new LoadBalancer({
      endpoints: SERVERS,
      clock,
      random: seededRandom(SEED + 1),
      timeouts: { firstToken: 5_000, response: 5_000, idle: 2_000, unread: 3_000, connect: 500 },
      admission: { maxQueued: 40, maxWait: 2_000 },
    });
    const tally = new Tally();
    const rest = (ms: number) => new Promise<void>((resolve) => clock.setTimer(resolve, ms));
    const call = fetchCaller(balancer, EXPECTED, rest);
    let started = 0;

    /** The next caller comes, and then the one after it. */
    const arrive = (): void => {
      if (clock.now() >= MINUTES * MINUTE) return;
      started++;
      call(random).then(
        (ending) => tally.endings[ending]++,
        (error: unknown) => tally.problem(String(error)),
      );
      clock.setTimer(arrive, -Math.log(1 - random()) * GAP);
    };
    const disturb = (): void => {
      if (clock.now() >= MINUTES * MINUTE) return;
      const endpoint = SERVERS[Math.floor(random() * SERVERS.length)] as EndpointConfig;
      const id = endpoint.id ?? '';
      const luck = random();
      const back = () => balancer.update(SERVERS);
      if (luck < 0.5) servers.kill(endpoint.url, 1_000 + random() * 20_000);
      else if (luck < 0.7) void balancer.drain(id).then(back);
      else if (luck < 0.85) {
        balancer.remove(id);
        clock.setTimer(back, random() * 10_000);
      } else {
        balancer.update(SERVERS.map((one) => ({ ...one, weight: Math.floor(random() * 4), tier: 0 })));
        clock.setTimer(back, random() * 10_000);
      }
      tally.disturbed('any');
      clock.setTimer(disturb, 2_000 + random() * 20_000);
    };
    const sample = (): void => {
      const told = balancer.endpoints.map(({ id, outstanding }) => [id, outstanding]);
      const counted = balancer.endpoints.map(({ id, url }) => [id, servers.active(url)]);
      expect(told).toEqual(counted);
    };

    arrive();
    disturb();
    for (let minute = 0; minute < MINUTES; minute++) {
      for (let part = 0; part < 20; part++) {
        await clock.advanceAsync(MINUTE / 20);
        sample();
      }
      tally.heap.push(memoryInUse().heap);
    }
    // Every clock has run out by then.
    await clock.advanceAsync(2 * MINUTE);
    sample();
    expect(balancer.snapshot()).toMatchObject({ outstanding: 0, queued: 0 });
    await balancer.close();
    tally.judgeHeap();
    if (MINUTES > 1)
      console.log(`${tally.line}; ${servers.attempts} attempts; heap x${tally.growth?.toFixed(3)}`);
    expect(tally.problems).toEqual([]);
    expect(tally.requests).toBe(started);
    expect(started).toBeGreaterThan(MINUTES * 1_500);
    expect(clock.pending).toBe(0);
    for (const [ending, count] of Object.entries(tally.endings))
      expect([ending, count > 0]).toEqual([ending, true]);
  },
  20 * MINUTE,
);
