import { describe, expect, it } from 'vitest';
import { manualClock, seededRandom } from '../../src/testing/index.js';
import { CHAT, chat, Fleet } from '../support/fleet.js';

const OWN = 'llama-3.1-8b';
const HOSTED = 'hosted-small';
const CALLERS_KEY = 'Bearer of-the-caller';
const HOSTED_KEY = 'Bearer of-the-hosted-api';

/** Two own servers, and as tier 1 two accounts of a hosted API that share a quota. */
function start(clock = manualClock()) {
  return Fleet.start({
    servers: [{}, {}, { models: [HOSTED] }, { models: [HOSTED] }],
    endpoint: (index) =>
      index < 2
        ? { maxOutstanding: 1 }
        : {
            tier: 1,
            models: { [OWN]: HOSTED },
            headers: { authorization: HOSTED_KEY },
            quotaGroup: 'hosted',
          },
    clock,
    random: seededRandom(8),
    breaker: { consecutiveFailures: 1, maxOpenRatio: 1 },
    // The clock stands still while the network works, so there must be no backoff to wait for.
    retry: { backoff: { base: 0, cap: 0 } },
  });
}

async function ask({ balancer }: Fleet): Promise<Response> {
  const { headers, ...init } = chat(false, { model: OWN });
  const response = await balancer.fetch(CHAT, {
    ...init,
    headers: { ...(headers as Record<string, string>), authorization: CALLERS_KEY },
  });
  await response.clone().text();
  return response;
}

/** What each server was asked for, and with whose key. */
const seenBy = (fleet: Fleet, index: number) =>
  fleet
    .server(index)
    .requests.map(({ body, headers }) => [(body as { model: string }).model, headers.authorization]);

describe('A failover to a hosted API in tier 1', () => {
  it('renames the model and replaces the key: the caller’s goes to own servers alone', async () => {
    await using fleet = await start();
    fleet.server(0).fault = { kind: 'status', status: 500 };
    fleet.server(1).fault = { kind: 'status', status: 500 };
    for (let index = 0; index < 6; index++) expect((await ask(fleet)).status).toBe(200);
    const own = [...seenBy(fleet, 0), ...seenBy(fleet, 1)];
    const hosted = [...seenBy(fleet, 2), ...seenBy(fleet, 3)];
    expect(own.length).toBeGreaterThan(0);
    expect(hosted.length).toBeGreaterThanOrEqual(6);
    expect(new Set(own.map(String))).toEqual(new Set([`${OWN},${CALLERS_KEY}`]));
    expect(new Set(hosted.map(String))).toEqual(new Set([`${HOSTED},${HOSTED_KEY}`]));
    for (const index of [2, 3])
      for (const { rawBody, headers } of fleet.server(index).requests)
        expect(JSON.stringify(headers) + rawBody.toString()).not.toContain(CALLERS_KEY);
    await fleet.settled();
  });

  it('takes what own servers have no room for, before anybody waits', async () => {
    await using fleet = await start();
    fleet.server(0).fault = { kind: 'hang' };
    fleet.server(1).fault = { kind: 'hang' };
    const controller = new AbortController();
    const stuck = [0, 1].map(() =>
      fleet.balancer
        .fetch(CHAT, { ...chat(false, { model: OWN }), signal: controller.signal })
        .catch(() => {}),
    );
    await fleet.until(() => fleet.served === 2);
    for (let index = 0; index < 4; index++)
      expect(['s2', 's3']).toContain((await ask(fleet)).headers.get('x-evenkeel-endpoint'));
    expect(fleet.of('request-queued')).toEqual([]);
    controller.abort();
    await Promise.all(stuck);
    await fleet.settled();
  });

  it('takes a share when one of two own servers is down', async () => {
    await using fleet = await start();
    fleet.server(0).fault = { kind: 'status', status: 500 };
    while (fleet.balancer.endpoints[0]?.state !== 'open') await ask(fleet);
    const before = [1, 2, 3].map((index) => fleet.server(index).stats.requests);
    for (let index = 0; index < 200; index++) await ask(fleet);
    const [own = 0, ...hosted] = [1, 2, 3].map(
      (index, at) => fleet.server(index).stats.requests - (before[at] ?? 0),
    );
    // 70 % of 200 stay: within four standard deviations, and the seed is fixed.
    expect(own).toBeGreaterThan(114);
    expect(own).toBeLessThan(166);
    expect(own + hosted.reduce((sum, one) => sum + one, 0)).toBe(200);
    await fleet.settled();
  });

  it('cools off as one quota group, for the longest Retry-After of it', async () => {
    const clock = manualClock();
    await using fleet = await start(clock);
    fleet.server(0).fault = { kind: 'status', status: 500 };
    fleet.server(1).fault = { kind: 'status', status: 500 };
    while (fleet.balancer.endpoints.slice(0, 2).some(({ state }) => state !== 'open')) await ask(fleet);
    fleet.server(2).fault = { kind: 'status', status: 429, headers: { 'retry-after-ms': '3000' } };
    fleet.server(3).fault = { kind: 'status', status: 429, headers: { 'retry-after-ms': '4000' } };
    const states = () => fleet.balancer.endpoints.slice(2).map(({ state }) => state);
    const hosted = () => fleet.server(2).stats.requests + fleet.server(3).stats.requests;
    const before = hosted();
    // One of them each: the least loaded of two is the other one while the first has not answered.
    const answers = [ask(fleet), ask(fleet)];
    await fleet.until(() => hosted() === before + 2);
    await Promise.all(answers);
    expect(states()).toEqual(['cooling-off', 'cooling-off']);
    expect([fleet.server(2), fleet.server(3)].map(({ stats }) => stats.requests > 0)).toEqual([true, true]);
    await clock.advanceAsync(3_999);
    expect(states()).toEqual(['cooling-off', 'cooling-off']);
    await clock.advanceAsync(1);
    expect(states()).toEqual(['healthy', 'healthy']);
    expect(hosted()).toBe(before + 2);
    await fleet.settled();
  });
});
