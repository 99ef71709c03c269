import { getEventListeners } from 'node:events';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { type BalancerEvent, LoadBalancer, type LoadBalancerOptions } from '../../src/index.js';
import { type ManualClock, manualClock, seededRandom } from '../../src/testing/index.js';
import { DONE, FakeWire, TOKEN } from '../support/fake-wire.js';
import { CHAT, chat } from '../support/fleet.js';

let wire = new FakeWire();
vi.mock('../../src/transport/undici-transport.js', () => ({
  openUndiciChannel: (...args: Parameters<FakeWire['open']>) => wire.open(...args),
}));

let clock: ManualClock;
let events: BalancerEvent[];
let balancer: LoadBalancer;

/** A balancer that has seen enough answers to know what is slow. With `usual` ms to the first token. */
async function balance(options: Partial<LoadBalancerOptions> = {}, usual = 200, answers = 40): Promise<void> {
  wire = new FakeWire();
  clock = manualClock();
  events = [];
  balancer = new LoadBalancer({
    endpoints: ['a', 'b', 'c'].map((id) => ({ url: `http://${id}`, id })),
    clock,
    random: seededRandom(3),
    hedge: true,
    ...options,
  });
  for (let index = 0; index < answers; index++) {
    const { answer } = ask();
    wire.last.headers();
    // Only the first are slow: those after 20 could be hedged themselves.
    clock.advance(index < 19 ? usual : 200);
    wire.last.data(TOKEN).data(DONE).end();
    await (await answer).text();
  }
  balancer.observe((event) => events.push(event));
}

function ask(signal?: AbortSignal) {
  const response = balancer.fetch(CHAT, { ...chat(true), ...(signal && { signal }) });
  return { answer: response, settled: response.catch((error: unknown) => error) };
}

const results = () => events.flatMap((event) => (event.type === 'hedge-settled' ? [event.result] : []));
const outcomes = () => events.flatMap((event) => (event.type === 'attempt-settled' ? [event.outcome] : []));
const turn = () => new Promise((resolve) => setImmediate(resolve));
const two = () => wire.live.slice(-2) as [(typeof wire.live)[0], (typeof wire.live)[0]];

async function atRest(): Promise<void> {
  expect(balancer.snapshot()).toMatchObject({ outstanding: 0, queued: 0 });
  await balancer.close();
  expect({ timers: clock.pending, calls: wire.live.length }).toEqual({ timers: 0, calls: 0 });
}

describe('hedge', () => {
  beforeEach(() => balance());

  it('sends a second attempt elsewhere once the first is slower than nearly all, and not before 500 ms', async () => {
    const { answer } = ask();
    clock.advance(499);
    expect(wire.live).toHaveLength(1);
    await clock.advanceAsync(1);
    const [first, second] = two();
    expect(second.url).not.toBe(first.url);
    expect(events).toContainEqual(expect.objectContaining({ type: 'hedge', delay: 500 }));
    second.stream();
    await (await answer).text();
    await atRest();
  });

  it('waits for the 95th percentile where that is longer', async () => {
    await balance({}, 900);
    const { answer } = ask();
    await clock.advanceAsync(899);
    expect(wire.live).toHaveLength(1);
    await clock.advanceAsync(1);
    expect(wire.live).toHaveLength(2);
    wire.last.stream();
    await (await answer).text();
    await atRest();
  });

  it('case 42: the first answer wins; the loser is closed and says nothing about its endpoint', async () => {
    const { answer } = ask();
    await clock.advanceAsync(500);
    const [first, second] = two();
    second.stream();
    const response = await answer;
    expect(await response.text()).toContain('[DONE]');
    expect(response.headers.get('x-evenkeel-endpoint')).toBe(new URL(second.url).host);
    expect(response.headers.get('x-evenkeel-attempts')).toBe('2');
    expect(first.aborted).toBe(true);
    expect(outcomes()).toContainEqual({ kind: 'neutral', reason: 'hedge-lost' });
    expect(results()).toEqual(['won']);
    await atRest();
  });

  it('case 42: the second is closed when the first answers after all', async () => {
    const { answer } = ask();
    await clock.advanceAsync(500);
    const [first, second] = two();
    first.stream();
    await (await answer).text();
    expect(second.aborted).toBe(true);
    expect(results()).toEqual(['lost']);
    await atRest();
  });

  it('case 42: when one fails the other is waited for, and a late 5xx brings no third attempt', async () => {
    const { answer } = ask();
    await clock.advanceAsync(500);
    const [first, second] = two();
    first.status(500);
    await turn();
    expect(wire.live).toEqual([second]);
    second.stream();
    expect((await answer).status).toBe(200);
    expect(outcomes()[0]).toMatchObject({ kind: 'fault', status: 500 });
    await (await answer).text();
    await atRest();
  });

  it('retries as ever when both fail', async () => {
    const { answer } = ask();
    await clock.advanceAsync(500);
    const [first, second] = two();
    first.fail();
    await turn();
    second.status(500);
    await clock.advanceAsync(2_000);
    expect(results()).toEqual(['failed']);
    expect(wire.last.url).not.toBe(first.url);
    wire.last.stream();
    expect((await answer).status).toBe(200);
    await (await answer).text();
    await atRest();
  });

  it('passes on what the second sends, and nothing of the first', async () => {
    const { answer } = ask();
    await clock.advanceAsync(500);
    const [first, second] = two();
    second.headers().data(TOKEN);
    const response = await answer;
    first.headers().data('data: {"choices":[{"delta":{"content":"LOSER"}}]}\n\n');
    second.data(DONE).end();
    expect(await response.text()).toBe(TOKEN + DONE);
    await atRest();
  });

  it('stops both attempts when the caller leaves', async () => {
    const leaving = new AbortController();
    const { settled } = ask(leaving.signal);
    await clock.advanceAsync(500);
    const [first, second] = two();
    leaving.abort(new Error('gone'));
    expect(await settled).toEqual(new Error('gone'));
    expect([first.aborted, second.aborted]).toEqual([true, true]);
    expect(getEventListeners(leaving.signal, 'abort')).toEqual([]);
    await turn();
    await atRest();
  });

  it('case 43: is denied when its own budget is empty: 5 of 100 requests and no more', async () => {
    await balance({}, 200, 40);
    let hedged = 0;
    for (let index = 0; index < 100; index++) {
      const { answer } = ask();
      await clock.advanceAsync(500);
      if (wire.live.length === 2) hedged++;
      wire.last.stream();
      await (await answer).text();
    }
    // 40 and 100 requests, a minute's worth of them at any time, at 5 %.
    expect(hedged).toBeGreaterThan(3);
    expect(hedged).toBeLessThanOrEqual(7);
    expect(results()).toContain('denied');
    await atRest();
  });

  it('case 43: is denied when the retry budget is empty', async () => {
    await balance({ retry: { budget: { ratio: 0, reserve: 0, minConcurrent: 0 } } });
    const { answer } = ask();
    await clock.advanceAsync(500);
    expect(wire.live).toHaveLength(1);
    expect(results()).toEqual(['denied']);
    wire.last.stream();
    await (await answer).text();
    await atRest();
  });

  it('does nothing while it cannot know what is slow, where no other endpoint has room, and when it is off', async () => {
    await balance({}, 200, 19);
    const early = ask();
    await clock.advanceAsync(5_000);
    expect(wire.live).toHaveLength(1);
    wire.last.stream();
    await (await early.answer).text();

    await balance({ endpoints: [{ url: 'http://a', id: 'a' }] });
    const alone = ask();
    await clock.advanceAsync(5_000);
    expect(wire.live).toHaveLength(1);
    wire.last.stream();
    await (await alone.answer).text();

    await balance({ hedge: false });
    const off = ask();
    await clock.advanceAsync(5_000);
    expect(wire.live).toHaveLength(1);
    wire.last.stream();
    await (await off.answer).text();
    await atRest();
  });
});
