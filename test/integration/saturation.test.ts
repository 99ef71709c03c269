import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { type ManualClock, type MockServiceOptions, manualClock } from '../../src/testing/index.js';
import { Fleet } from '../support/fleet.js';

const USERS = 100;

/**
 * Lets that many users ask at the same moment, with the real client, and gives the text or the error each got.
 * The servers' time stands still until every user is on a server, waits for one, or has been turned away.
 */
async function ask(fleet: Fleet, clock: ManualClock, placed: () => boolean): Promise<unknown[]> {
  const { baseURL, fetch } = fleet.balancer;
  const client = new OpenAI({ apiKey: 'unused', baseURL, fetch, maxRetries: 0 });
  let answered = 0;
  const users = Array.from({ length: USERS }, async () => {
    let text = '';
    try {
      const stream = await client.chat.completions.create({
        model: 'mock-model',
        messages: [{ role: 'user', content: 'Hello' }],
        stream: true,
      });
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
      return text;
    } catch (error) {
      return error;
    } finally {
      answered++;
    }
  });
  await fleet.until(placed);
  while (answered < USERS) await clock.advanceAsync(10);
  return Promise.all(users);
}

describe('A server with 40 slots and a queue of 10', () => {
  const service: MockServiceOptions = { slots: 40, maxWaiting: 10, stepTime: 10 };
  const start = (servers: number, clock: ManualClock) =>
    Fleet.start({ servers: new Array(servers).fill({ tokens: 8, service, clock }), retry: false });

  it('alone turns away half of 100 users', async () => {
    const clock = manualClock();
    await using fleet = await start(1, clock);
    const answers = await ask(fleet, clock, () => fleet.served === USERS);
    expect(answers.filter((answer) => answer === fleet.server(0).completionText())).toHaveLength(50);
    expect(answers.filter((answer) => answer instanceof OpenAI.RateLimitError)).toHaveLength(50);
    await fleet.settled();
  });

  it('as one of three turns away none of them', async () => {
    const clock = manualClock();
    await using fleet = await start(3, clock);
    const answers = await ask(fleet, clock, () => fleet.served === USERS);
    expect(answers).toEqual(new Array(USERS).fill(fleet.server(0).completionText()));
    expect(fleet.servers.map(({ stats }) => stats.requests).sort()).toEqual([33, 33, 34]);
    expect(fleet.servers.map(({ stats }) => stats.peak).sort()).toEqual([33, 33, 34]);
    await fleet.settled();
  });
});

describe('maxOutstanding 40 and a queue of 10 in the balancer', () => {
  const start = (servers: number, clock: ManualClock) =>
    Fleet.start({
      servers: new Array(servers).fill({ tokens: 8, service: { stepTime: 10 }, clock }),
      endpoint: () => ({ maxOutstanding: 40 }),
      admission: { maxQueued: 10 },
    });

  it('over one server shed half of 100 users, and the server sees no more than 40 at once', async () => {
    const clock = manualClock();
    await using fleet = await start(1, clock);
    const answers = await ask(
      fleet,
      clock,
      () => fleet.of('request-shed').length === 50 && fleet.served === 40,
    );
    expect(fleet.of('request-queued')).toHaveLength(10);
    expect(answers.filter((answer) => answer === fleet.server(0).completionText())).toHaveLength(50);
    const shed = answers.filter((answer) => answer instanceof OpenAI.APIError);
    expect(shed).toHaveLength(50);
    for (const error of shed) {
      expect(error).toMatchObject({ status: 503, code: 'queue_full', type: 'server_error' });
      expect((error as InstanceType<typeof OpenAI.APIError>).headers?.get('retry-after')).toBe('1');
    }
    expect(fleet.server(0).stats).toMatchObject({ requests: 50, peak: 40, completed: 50 });
    await fleet.settled();
  });

  it('over three servers shed none, and nobody waits', async () => {
    const clock = manualClock();
    await using fleet = await start(3, clock);
    const answers = await ask(fleet, clock, () => fleet.served === USERS);
    expect(answers).toEqual(new Array(USERS).fill(fleet.server(0).completionText()));
    expect(fleet.of('request-queued')).toEqual([]);
    expect(fleet.servers.map(({ stats }) => stats.requests).sort()).toEqual([33, 33, 34]);
    await fleet.settled();
  });

  it('over two servers let the 20 who wait in by the first free places, none too many', async () => {
    const clock = manualClock();
    await using fleet = await Fleet.start({
      servers: new Array(2).fill({ tokens: 8, service: { stepTime: 10 }, clock }),
      endpoint: () => ({ maxOutstanding: 40 }),
      admission: { maxQueued: 20 },
    });
    const answers = await ask(fleet, clock, () => fleet.served === 80);
    expect(answers).toEqual(new Array(USERS).fill(fleet.server(0).completionText()));
    expect(fleet.of('request-shed')).toEqual([]);
    for (const { stats } of fleet.servers) expect(stats.peak).toBeLessThanOrEqual(40);
    await fleet.settled();
  });
});
