import { getEventListeners } from 'node:events';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type BalancerEvent,
  type EndpointConfig,
  LoadBalancer,
  type LoadBalancerOptions,
} from '../../src/index.js';
import { type ManualClock, manualClock, seededRandom } from '../../src/testing/index.js';
import { DONE, FakeWire, TOKEN } from '../support/fake-wire.js';
import { CHAT, chat } from '../support/fleet.js';

// Cases are numbered as in the list re-created from Envoy, Finagle, gRPC, HAProxy, nginx and undici.
let wire = new FakeWire();
vi.mock('../../src/transport/undici-transport.js', () => ({
  openUndiciChannel: (...args: Parameters<FakeWire['open']>) => wire.open(...args),
}));

let clock: ManualClock;
let events: BalancerEvent[];

beforeEach(() => {
  wire = new FakeWire();
  clock = manualClock();
  events = [];
});

const A: EndpointConfig = { url: 'http://a', id: 'a' };
const B: EndpointConfig = { url: 'http://b', id: 'b' };
const C: EndpointConfig = { url: 'http://c', id: 'c' };

function balance(
  endpoints: readonly EndpointConfig[],
  options: Omit<LoadBalancerOptions, 'endpoints'> = {},
): LoadBalancer {
  const balancer = new LoadBalancer({ endpoints, clock, random: seededRandom(3), ...options });
  balancer.observe((event) => events.push(event));
  return balancer;
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A request under way. `answer` never rejects, so that nobody need wait for it. */
function ask(
  balancer: LoadBalancer,
  { signal, ...evenkeel }: { signal?: AbortSignal; [wish: string]: unknown } = {},
) {
  const response = balancer.fetch(CHAT, { ...chat(true), ...(signal && { signal }), evenkeel });
  return { response, answer: response.catch((error: unknown) => error) };
}

/** How many of the next `count` requests, all under way at once, each endpoint gets. */
function sharesOf(balancer: LoadBalancer, count: number): Record<string, number> {
  const shares: Record<string, number> = {};
  const before = wire.calls.length;
  for (let index = 0; index < count; index++) ask(balancer);
  for (const { url } of wire.calls.slice(before)) shares[url] = (shares[url] ?? 0) + 1;
  return shares;
}

function view(balancer: LoadBalancer, id: string) {
  return balancer.endpoints.find((endpoint) => endpoint.id === id);
}

async function errorOf(
  response: Promise<Response>,
): Promise<{ status: number; code: string; retryAfter: string | null }> {
  const { status, headers, ...rest } = await response.then(async (one) => ({
    status: one.status,
    headers: one.headers,
    body: (await one.json()) as { error: { code: string } },
  }));
  return { status, code: rest.body.error.code, retryAfter: headers.get('retry-after-ms') };
}

/** Makes an endpoint's breaker open, by faults in a row that no retry hides. */
async function trip(balancer: LoadBalancer, id: string, faults: number): Promise<void> {
  for (let fault = 0; fault < faults; fault++) {
    const { answer } = ask(balancer, { endpoints: [id] });
    wire.last.status(500);
    await answer;
  }
}

describe('Membership', () => {
  it('case 2: one endpoint is always chosen; when it is removed the answer is 503 no_endpoint', async () => {
    const balancer = balance([A]);
    expect(sharesOf(balancer, 5)).toEqual({ 'http://a': 5 });
    balancer.remove('a');
    expect(await errorOf(ask(balancer).response)).toMatchObject({ status: 503, code: 'no_endpoint' });
    await balancer.close();
  });

  it('case 6: weights 3:1:1 with answers that never end settle at 3:1:1 outstanding', async () => {
    const balancer = balance([{ ...A, weight: 3 }, B, C]);
    expect(sharesOf(balancer, 50)).toEqual({ 'http://a': 30, 'http://b': 10, 'http://c': 10 });
    await balancer.close();
  });

  it('case 7: an endpoint whose weight becomes 0 gets no request and finishes those it has', async () => {
    const balancer = balance([A, B]);
    sharesOf(balancer, 4);
    const [first] = wire.to('http://a');
    balancer.update([{ ...A, weight: 0 }, B]);
    expect(sharesOf(balancer, 6)).toEqual({ 'http://b': 6 });
    expect(view(balancer, 'a')).toMatchObject({ outstanding: 2, available: false });
    expect(balancer.explain().exclusions).toEqual([{ endpoint: 'a', reason: 'weight-0' }]);
    first?.stream();
    await turn();
    expect(view(balancer, 'a')?.outstanding).toBe(1);
    await balancer.close();
  });

  it('case 7: a drained endpoint gets no request; drain resolves when its last stream has ended', async () => {
    const balancer = balance([A, B]);
    sharesOf(balancer, 2);
    let drained = false;
    const draining = balancer.drain('a').then(() => {
      drained = true;
    });
    expect(sharesOf(balancer, 3)).toEqual({ 'http://b': 3 });
    expect(view(balancer, 'a')).toMatchObject({ state: 'draining', outstanding: 1 });
    await turn();
    expect(drained).toBe(false);
    wire.to('http://a')[0]?.stream();
    await draining;
    await balancer.close();
  });

  it('case 10: an update with the same endpoints, in any order, keeps counters, health and connections', async () => {
    const balancer = balance([A, B, C], { breaker: { consecutiveFailures: 2 }, retry: false });
    sharesOf(balancer, 6);
    await trip(balancer, 'b', 2);
    const before = new Map(balancer.endpoints.map((endpoint) => [endpoint.id, endpoint]));
    balancer.update([C, { ...B, weight: 2 }, A]);
    for (const endpoint of balancer.endpoints) expect(endpoint).toBe(before.get(endpoint.id));
    expect(
      balancer.endpoints.map(({ id, outstanding, state, weight }) => [id, outstanding, state, weight]),
    ).toEqual([
      ['c', 2, 'healthy', 1],
      ['b', 2, 'open', 2],
      ['a', 2, 'healthy', 1],
    ]);
    expect(wire.channels).toHaveLength(3);
    expect(events.filter(({ type }) => type === 'endpoint-added' || type === 'endpoint-removed')).toEqual([]);
    await balancer.close();
  });

  it('case 11: an endpoint removed with leases, which are then released, does no harm; its id starts clean', async () => {
    const balancer = balance([A, B]);
    sharesOf(balancer, 4);
    const old = view(balancer, 'a');
    balancer.remove('a');
    balancer.add(A);
    expect([old?.outstanding, view(balancer, 'a')?.outstanding]).toEqual([2, 0]);
    for (const call of wire.to('http://a')) call.stream();
    await turn();
    expect([old?.outstanding, view(balancer, 'a')?.outstanding]).toEqual([0, 0]);
    expect(balancer.snapshot().outstanding).toBe(2);
    expect(wire.channels.map(({ closed }) => closed)).toEqual([true, false, false]);
    await balancer.close();
  });

  it('case 11: the streams of a removed endpoint run on to their end', async () => {
    const balancer = balance([A]);
    const { response } = ask(balancer);
    wire.last.headers().data(TOKEN);
    balancer.remove('a');
    const text = (await response).text();
    wire.last.data(TOKEN).data(DONE).end();
    expect(await text).toBe(TOKEN + TOKEN + DONE);
    await balancer.close();
  });

  it('case 12: one that joins a loaded pool gets a tenth of its weight at first, not everything', async () => {
    const balancer = balance([A, B]);
    sharesOf(balancer, 40);
    balancer.add(C);
    // 1 / 0.1 against 21 and 22: two requests bring it level, where without slow start it would take 20 in a row.
    expect(sharesOf(balancer, 20)['http://c']).toBe(2);
    await balancer.close();
  });

  it('case 13: slow start is off for those that the balancer begins with', async () => {
    const balancer = balance([A, B, C]);
    expect(balancer.endpoints.map(({ slowStart }) => slowStart)).toEqual([1, 1, 1]);
    expect(sharesOf(balancer, 9)).toEqual({ 'http://a': 3, 'http://b': 3, 'http://c': 3 });
    await balancer.close();
  });
});

describe('Leases', () => {
  const moments: readonly [string, () => void][] = [
    ['before it is sent', () => {}],
    ['before the headers', () => wire.last.sent()],
    ['after the headers', () => wire.last.headers()],
    ['in the middle of the body', () => wire.last.headers().data(TOKEN)],
    ['after the last content', () => wire.last.headers().data(TOKEN).data(DONE)],
  ];
  for (const [moment, reach] of moments) {
    it(`case 16: an abort ${moment} brings the count back to 0 and closes the connection`, async () => {
      const balancer = balance([A, B]);
      const controller = new AbortController();
      const { answer } = ask(balancer, { signal: controller.signal });
      reach();
      if (moment.startsWith('in') || moment.startsWith('after the last')) await answer;
      controller.abort(new Error('mine'));
      expect(balancer.snapshot().outstanding).toBe(0);
      const given = await answer;
      if (given instanceof Response) await expect(given.text()).rejects.toThrow('mine');
      else expect(given).toBe(controller.signal.reason);
      expect(wire.calls.map(({ over, aborted }) => [over, aborted])).toEqual([[true, true]]);
      expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
      expect(clock.pending).toBe(0);
      await balancer.close();
    });
  }

  it('case 16: a body that nobody reads frees its endpoint when timeouts.unread has passed', async () => {
    const balancer = balance([A], { timeouts: { unread: 1_000 } });
    const { response } = ask(balancer);
    wire.last.headers().data(TOKEN);
    await response;
    while (!wire.last.paused) wire.last.data(TOKEN.repeat(100));
    clock.advance(999);
    expect(balancer.snapshot().outstanding).toBe(1);
    clock.advance(1);
    expect(balancer.snapshot().outstanding).toBe(0);
    expect(wire.last.aborted).toBe(true);
    expect(clock.pending).toBe(0);
    await expect((await response).text()).rejects.toMatchObject({ code: 'BODY_ABANDONED' });
    await balancer.close();
  });

  it('case 16: an observer that throws costs no lease', async () => {
    const balancer = balance([A]);
    balancer.observe(() => {
      throw new Error('the observer');
    });
    const { response } = ask(balancer);
    wire.last.stream();
    expect(await (await response).text()).toBe(TOKEN + DONE);
    expect(balancer.snapshot().outstanding).toBe(0);
    await balancer.close();
  });

  it('case 17: a second end, of whatever kind, never brings a count below 0', async () => {
    const balancer = balance([A]);
    const controller = new AbortController();
    const { response } = ask(balancer, { signal: controller.signal });
    wire.last.headers().data(TOKEN);
    const reader = (await response).body?.getReader();
    wire.last.data(DONE);
    wire.last.fail();
    wire.last.end();
    controller.abort();
    await reader?.cancel();
    balancer.remove('a');
    await balancer.close();
    const settled = events.filter(({ type }) => type === 'attempt-settled');
    expect(settled).toHaveLength(1);
    expect(settled[0]).toMatchObject({ outcome: { kind: 'success' } });
    expect(balancer.snapshot().outstanding).toBe(0);
  });
});

describe('Health', () => {
  it('case 31: when all are faulted requests go on, to suspects first, and recovery brings them back', async () => {
    const balancer = balance([A, B], { breaker: { consecutiveFailures: 2, openFor: 1_000 }, retry: false });
    await trip(balancer, 'a', 2);
    await trip(balancer, 'b', 2);
    // Half of two is one: the second may not be taken out.
    expect(balancer.endpoints.map(({ state }) => state)).toEqual(['open', 'suspect']);
    expect(sharesOf(balancer, 4)).toEqual({ 'http://b': 4 });
    for (const call of wire.live) call.stream();
    await turn();
    clock.advance(1_000);
    expect(view(balancer, 'a')?.state).toBe('half-open');
    const trial = sharesOf(balancer, 1);
    wire.last.stream();
    await turn();
    expect(trial).toEqual({ 'http://a': 1 });
    expect(balancer.endpoints.map(({ state }) => state)).toContain('healthy');
    await balancer.close();
  });

  it('case 31: when all are faulted a request makes no more attempts than retry.attempts', async () => {
    const balancer = balance([A, B, C]);
    const { response } = ask(balancer);
    for (let round = 0; round < 10; round++) {
      for (const call of wire.live) call.fail('ECONNREFUSED');
      await clock.advanceAsync(2_000);
    }
    expect(wire.calls).toHaveLength(3);
    expect(await errorOf(response)).toMatchObject({ status: 502, code: 'connection_failed' });
    expect(clock.pending).toBe(0);
    await balancer.close();
  });

  it('case 31: with failOpen false the answer is 503 with the time until a breaker is half-open, and nothing is sent', async () => {
    const balancer = balance([A, B], {
      breaker: { consecutiveFailures: 2, openFor: 1_000, maxOpenRatio: 1, failOpen: false },
      retry: false,
    });
    await trip(balancer, 'a', 2);
    clock.advance(400);
    await trip(balancer, 'b', 2);
    const sent = wire.calls.length;
    expect(await errorOf(ask(balancer).response)).toEqual({
      status: 503,
      code: 'no_endpoint',
      retryAfter: '600',
    });
    expect(wire.calls).toHaveLength(sent);
    await balancer.close();
  });

  it('case 32: when all are cooling off a request waits for the earliest, and nothing is sent meanwhile', async () => {
    const balancer = balance([A, B], { retry: false });
    for (const [id, wait] of [
      ['a', '5000'],
      ['b', '3000'],
    ]) {
      const { answer } = ask(balancer, { endpoints: [id] });
      wire.last.status(429, { 'retry-after-ms': wait });
      await answer;
    }
    const { response } = ask(balancer);
    await clock.advanceAsync(2_999);
    expect(wire.calls).toHaveLength(2);
    expect(balancer.snapshot().queued).toBe(1);
    await clock.advanceAsync(1);
    expect(wire.calls).toHaveLength(3);
    expect(wire.last.url).toBe('http://b');
    wire.last.stream();
    expect((await response).status).toBe(200);
    await balancer.close();
  });

  it('case 32: when the earliest is further away than admission.maxWait the answer says when', async () => {
    const balancer = balance([A], { retry: false, admission: { maxWait: 1_000 } });
    const { answer } = ask(balancer);
    wire.last.status(429, { 'retry-after': '7' });
    await answer;
    expect(await errorOf(ask(balancer).response)).toEqual({
      status: 503,
      code: 'all_cooling_off',
      retryAfter: '7000',
    });
    expect(wire.calls).toHaveLength(1);
    await balancer.close();
  });

  it('case 35: a caller that leaves, at any moment, counts as no fault', async () => {
    const balancer = balance([A, B], { breaker: { consecutiveFailures: 1 }, retry: false });
    for (const [, reach] of [
      ['', () => wire.last.sent()],
      ['', () => wire.last.headers()],
      ['', () => wire.last.headers().data(TOKEN)],
    ] as const) {
      const controller = new AbortController();
      const { answer } = ask(balancer, { signal: controller.signal });
      reach();
      controller.abort();
      await answer;
    }
    expect(balancer.endpoints.map(({ state }) => state)).toEqual(['healthy', 'healthy']);
    await balancer.close();
  });
});

describe('Retries', () => {
  it('case 38: a retry takes an endpoint that was not tried; one is tried again only when all have been', async () => {
    const balancer = balance([A, B]);
    const { response } = ask(balancer);
    for (let attempt = 0; attempt < 3; attempt++) {
      wire.last.status(500);
      await clock.advanceAsync(2_000);
    }
    const [first, second, third] = wire.calls.map(({ url }) => url);
    expect(new Set([first, second])).toEqual(new Set(['http://a', 'http://b']));
    expect([first, second]).toContain(third);
    expect((await response).status).toBe(500);
    expect((await response).headers.get('x-evenkeel-attempts')).toBe('3');
    await balancer.close();
  });

  it('case 39: nothing is repeated once content has come', async () => {
    const balancer = balance([A, B]);
    const { response } = ask(balancer);
    wire.last.headers().data(TOKEN);
    const text = (await response).text();
    wire.last.fail();
    await expect(text).rejects.toMatchObject({ code: 'STREAM_RESET' });
    await clock.advanceAsync(10_000);
    expect(wire.calls).toHaveLength(1);
    await balancer.close();
  });

  it('a stream that breaks off in the very turn of its first content is repeated: nothing was passed on', async () => {
    const balancer = balance([A, B]);
    const { response } = ask(balancer);
    wire.last.headers().data(TOKEN).end();
    await turn();
    await clock.advanceAsync(100);
    expect(wire.calls).toHaveLength(2);
    wire.last.stream();
    expect(await (await response).text()).toBe(TOKEN + DONE);
    expect(events.filter(({ type }) => type === 'attempt-settled')).toMatchObject([
      { outcome: { reason: 'truncated' }, committed: false },
      { outcome: { kind: 'success' } },
    ]);
    await balancer.close();
  });

  it('case 39: a body that may not be kept is sent once', async () => {
    const balancer = balance([A, B]);
    const body = new Blob(['{"model":"m","stream":true}']).stream();
    const response = balancer.fetch(CHAT, {
      ...chat(true),
      body,
      duplex: 'half',
      evenkeel: { bufferBody: false },
    } as Parameters<LoadBalancer['fetch']>[1]);
    await turn();
    wire.last.status(500);
    expect((await response).status).toBe(500);
    expect(wire.calls).toHaveLength(1);
    await balancer.close();
  });

  it('case 40: an abort during backoff rejects at once, and no attempt follows', async () => {
    const balancer = balance([A, B]);
    const controller = new AbortController();
    const { response } = ask(balancer, { signal: controller.signal });
    const rejected = expect(response).rejects.toBe('gone');
    wire.last.status(500);
    await turn();
    expect(clock.pending).toBe(1);
    controller.abort('gone');
    await rejected;
    expect(clock.pending).toBe(0);
    await clock.advanceAsync(10_000);
    expect(wire.calls).toHaveLength(1);
    await balancer.close();
  });

  it('case 40: an abort in the queue rejects at once, and the next in line goes', async () => {
    const balancer = balance([{ ...A, maxOutstanding: 1 }]);
    ask(balancer);
    const controller = new AbortController();
    const { response } = ask(balancer, { signal: controller.signal });
    ask(balancer);
    expect(balancer.snapshot().queued).toBe(2);
    controller.abort('gone');
    await expect(response).rejects.toBe('gone');
    expect(balancer.snapshot().queued).toBe(1);
    wire.last.stream();
    await turn();
    expect([wire.calls.length, balancer.snapshot().queued]).toEqual([2, 0]);
    await balancer.close();
    expect(clock.pending).toBe(0);
  });

  it('case 40: an abort in the turn in which a place became free sends nothing and gives the place on', async () => {
    const balancer = balance([{ ...A, maxOutstanding: 1 }]);
    ask(balancer);
    const controller = new AbortController();
    const { response } = ask(balancer, { signal: controller.signal });
    ask(balancer);
    wire.last.stream();
    controller.abort('gone');
    await expect(response).rejects.toBe('gone');
    await turn();
    expect([wire.calls.length, balancer.snapshot().outstanding, balancer.snapshot().queued]).toEqual([
      2, 1, 0,
    ]);
    await balancer.close();
  });

  it('an abort in the turn in which the answer came rejects with its reason', async () => {
    const balancer = balance([A]);
    const controller = new AbortController();
    const { response } = ask(balancer, { signal: controller.signal });
    wire.last.headers().data(TOKEN);
    controller.abort('gone');
    await expect(response).rejects.toBe('gone');
    expect(balancer.snapshot().outstanding).toBe(0);
    await balancer.close();
  });

  it('case 41: a connection that was open before and is reset gets one more try for nothing, and no fault', async () => {
    const balancer = balance([A, B], {
      breaker: { consecutiveFailures: 1 },
      retry: { attempts: 1, budget: { ratio: 0, reserve: 0, minConcurrent: 0 } },
    });
    const { response } = ask(balancer);
    wire.last.sent(true).fail('ECONNRESET');
    await turn();
    expect(wire.calls).toHaveLength(2);
    expect(balancer.endpoints.map(({ state }) => state)).toEqual(['healthy', 'healthy']);
    wire.last.sent(true).fail('ECONNRESET');
    expect((await response).status).toBe(502);
    expect(wire.calls).toHaveLength(2);
    expect(balancer.endpoints.map(({ state }) => state).sort()).toEqual(['healthy', 'open']);
    await balancer.close();
  });

  it('case 44: timeouts.total contains the queue, the attempts and the backoff', async () => {
    const balancer = balance([{ ...A, maxOutstanding: 1 }], { retry: { attempts: 9 } });
    ask(balancer);
    const { response } = ask(balancer, { timeouts: { total: 1_000 } });
    await clock.advanceAsync(600);
    wire.last.stream();
    await turn();
    expect(wire.calls).toHaveLength(2);
    wire.last.status(500);
    await clock.advanceAsync(100);
    expect(wire.calls).toHaveLength(3);
    await clock.advanceAsync(299);
    expect(wire.last.over).toBe(false);
    await clock.advanceAsync(1);
    expect(wire.last.aborted).toBe(true);
    expect(await errorOf(response)).toMatchObject({ status: 504, code: 'timeout' });
    expect(clock.pending).toBe(0);
    await balancer.close();
  });

  it('case 44: timeouts.total contains the body too', async () => {
    const balancer = balance([A], { timeouts: { total: 1_000 } });
    const { response } = ask(balancer);
    wire.last.headers().data(TOKEN);
    const text = (await response).text();
    const broken = expect(text).rejects.toMatchObject({ code: 'STREAM_STALLED' });
    clock.advance(1_000);
    await broken;
    expect([wire.last.aborted, balancer.snapshot().outstanding, clock.pending]).toEqual([true, 0, 0]);
    await balancer.close();
  });

  it('an answer that is given after a wait for a better one can still be stopped', async () => {
    const balancer = balance([A, B]);
    const controller = new AbortController();
    const { response } = ask(balancer, { signal: controller.signal });
    wire.last.headers().data('data: {"error":{"message":"engine"}}\n\n');
    await turn();
    balancer.update([C]);
    balancer.remove('c');
    await clock.advanceAsync(2_000);
    // There is no other endpoint by now, so the stream with the error event is what there is.
    expect((await response).status).toBe(200);
    controller.abort('gone');
    expect(wire.last.aborted).toBe(true);
    await balancer.close();
    expect(clock.pending).toBe(0);
  });
});

describe('Tier 1 takes what tier 0 cannot', () => {
  const tiers = [
    { ...A, maxOutstanding: 2 },
    { ...B, maxOutstanding: 2 },
    { ...C, tier: 1 },
  ];

  it('because it is full', async () => {
    const balancer = balance(tiers);
    expect(sharesOf(balancer, 7)).toEqual({ 'http://a': 2, 'http://b': 2, 'http://c': 3 });
    wire.to('http://a')[0]?.stream();
    await turn();
    expect(sharesOf(balancer, 2)).toEqual({ 'http://a': 1, 'http://c': 1 });
    await balancer.close();
  });

  it('because breakers are open', async () => {
    const balancer = balance(tiers, {
      breaker: { consecutiveFailures: 1, openFor: 1_000, maxOpenRatio: 1 },
      retry: false,
      // Half of tier 0 stands in for all of it.
      overProvisioning: 2,
    });
    await trip(balancer, 'a', 1);
    expect(sharesOf(balancer, 2)).toEqual({ 'http://b': 2 });
    for (const call of wire.live) call.status(500);
    await turn();
    expect(balancer.endpoints.map(({ state }) => state)).toEqual(['open', 'open', 'healthy']);
    expect(sharesOf(balancer, 5)).toEqual({ 'http://c': 5 });
    await balancer.close();
  });

  it('because it cools off, and no longer', async () => {
    const balancer = balance(tiers, { retry: false });
    for (const id of ['a', 'b']) {
      const { answer } = ask(balancer, { endpoints: [id] });
      wire.last.status(429, { 'retry-after-ms': '1000' });
      await answer;
    }
    expect(sharesOf(balancer, 3)).toEqual({ 'http://c': 3 });
    clock.advance(1_000);
    expect(sharesOf(balancer, 2)).toEqual({ 'http://a': 1, 'http://b': 1 });
    await balancer.close();
  });

  it('as the retry of a request that tier 0 has failed', async () => {
    const balancer = balance([A, { ...C, tier: 1 }]);
    const { response } = ask(balancer);
    wire.last.fail('ECONNREFUSED');
    await turn();
    expect(wire.last.url).toBe('http://c');
    wire.last.stream();
    expect((await response).status).toBe(200);
    await balancer.close();
  });
});

describe('close', () => {
  it('turns new requests away, waits for streams, and cuts what is left when its time is over', async () => {
    const balancer = balance([{ ...A, maxOutstanding: 2 }]);
    const { response: short } = ask(balancer);
    wire.last.headers().data(TOKEN);
    const { response: long } = ask(balancer);
    wire.last.headers().data(TOKEN);
    const { response: queued } = ask(balancer);
    const [first, second] = await Promise.all([short, long]);
    const closed = balancer.close({ drain: 1_000 });
    expect(await errorOf(queued)).toMatchObject({ status: 503, code: 'balancer_closed' });
    expect(await errorOf(ask(balancer).response)).toMatchObject({ status: 503, code: 'balancer_closed' });
    wire.calls[0]?.data(DONE).end();
    expect(await first.text()).toBe(TOKEN + DONE);
    const cut = expect(second.text()).rejects.toMatchObject({ code: 'BALANCER_CLOSED' });
    await clock.advanceAsync(1_000);
    await cut;
    await closed;
    expect([balancer.snapshot().outstanding, clock.pending, wire.live.length]).toEqual([0, 0, 0]);
    expect(wire.channels.map((channel) => channel.closed)).toEqual([true]);
  });

  it('does not wait longer than for the last stream, and gives everyone the same promise', async () => {
    const balancer = balance([A]);
    const { response } = ask(balancer);
    const closed = balancer.close({ drain: 60_000 });
    expect(balancer.close()).toBe(closed);
    wire.last.stream();
    await response;
    await closed;
    expect(clock.pending).toBe(0);
  });
});
