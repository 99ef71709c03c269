import { describe, expect, it } from 'vitest';
import { continueFinalMessage } from '../../src/index.js';
import { seededRandom } from '../../src/testing/index.js';
import { readChatStream, seamless } from '../support/chat-stream.js';
import { CHAT, chat, Fleet } from '../support/fleet.js';

const SEED = 20_260_703;
const KILLS = 200;
const USERS = 16;
/** As long as it takes: the streams end by themselves. */
const LIMIT = 60_000;

/** Four servers that write a token a millisecond for each of their streams. */
function fleetOf(options: Parameters<typeof Fleet.start>[0]) {
  return Fleet.start({
    servers: new Array(4).fill({ tokens: 40, multibyte: true, service: { stepTime: 1 } }),
    ...options,
  });
}

/** What is wrong with the streams of users who ask again and again until `over`. */
async function load({ balancer, servers }: Fleet, over: () => boolean) {
  const expected = seamless(servers[0]?.completionText() ?? '');
  const wrong: unknown[] = [];
  let streams = 0;
  const user = async () => {
    while (!over()) {
      streams++;
      try {
        const response = await balancer.fetch(CHAT, chat(true));
        const { text, roles, finishes, dones, doneLast, ids } = readChatStream(await response.text());
        expect({ text, roles, finishes, dones, doneLast, ids: ids.length }).toEqual({ ...expected, ids: 1 });
      } catch (error) {
        wrong.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: USERS }, user));
  return { wrong, streams };
}

describe('Under load', () => {
  it(`${KILLS} servers killed at random fail no stream, and every text is exact (seed ${SEED})`, {
    timeout: LIMIT,
  }, async () => {
    const random = seededRandom(SEED);
    await using fleet = await fleetOf({
      resume: continueFinalMessage({ seams: 1_000 }),
      random: seededRandom(SEED + 1),
      breaker: { openFor: 10 },
      slowStart: false,
      // As much as it takes: what is shown here is the text, not the bounds.
      retry: {
        attempts: 1_000,
        backoff: { base: 1, cap: 10 },
        budget: { ratio: 10, reserve: 100_000, minConcurrent: 1_000 },
      },
    });
    let kills = 0;
    let inStream = 0;
    const running = load(fleet, () => kills === KILLS);
    while (kills < KILLS) {
      // Some first tokens later, wherever its streams are then.
      const seen = fleet.of('first-token').length;
      await fleet.until(() => fleet.of('first-token').length > seen + Math.floor(random() * 3));
      const server = fleet.server(Math.floor(random() * fleet.servers.length));
      inStream += server.stats.active;
      await server.kill();
      await server.restart();
      kills++;
    }
    const { wrong, streams } = await running;
    expect(wrong).toEqual([]);
    expect(streams).toBeGreaterThan(USERS);
    // Kills that hit nobody would show nothing.
    expect(inStream).toBeGreaterThan(KILLS);
    expect(fleet.of('stream-resumed').length).toBeGreaterThan(KILLS / 2);
    await fleet.settled();
  });

  it('a rolling restart of all servers with drain fails no request, without resume', {
    timeout: LIMIT,
  }, async () => {
    await using fleet = await fleetOf({});
    const { balancer } = fleet;
    const endpoints = balancer.endpoints.map(({ id, url }) => ({ id, url }));
    let over = false;
    const running = load(fleet, () => over);
    for (const server of fleet.servers) {
      await fleet.until(() => server.stats.active > 0);
      await balancer.drain(server.name);
      await server.kill();
      await server.restart();
      balancer.update(endpoints);
    }
    over = true;
    const { wrong, streams } = await running;
    expect(wrong).toEqual([]);
    expect(streams).toBeGreaterThan(USERS);
    expect(fleet.of('attempt-settled').filter(({ outcome }) => outcome.kind !== 'success')).toEqual([]);
    await fleet.settled();
  });
});
