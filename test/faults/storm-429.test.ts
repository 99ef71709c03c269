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

const URLS = ['http://a', 'http://b', 'http://c'];
const endpoints = (fields: Partial<EndpointConfig> = {}) => URLS.map((url) => ({ url, ...fields }));
const says429 =
  (headers: Record<string, string>): Behaviour =>
  (call) =>
    call.status(429, headers);

/** No breaker has ever moved: the only states that were announced are these two. */
function onlyCoolOffs(events: readonly { readonly type: string }[]): void {
  const states = events.flatMap((event) =>
    event.type === 'endpoint-state' && 'to' in event ? [event.to] : [],
  );
  expect(states.length).toBeGreaterThan(0);
  expect([...new Set(states)].sort()).toEqual(expect.arrayContaining(['cooling-off']));
  expect(states.filter((state) => state !== 'cooling-off' && state !== 'healthy')).toEqual([]);
}

describe('A storm of 429', () => {
  it.each<[string, Record<string, string>, number]>([
    ['retry-after-ms: 1234', { 'retry-after-ms': '1234' }, 1_234],
    ['retry-after: 3', { 'retry-after': '3' }, 3_000],
    ['retry-after-ms before retry-after', { 'retry-after-ms': '777', 'retry-after': '9' }, 777],
  ])('is obeyed to the millisecond: %s', async (_, headers, wait) => {
    const bad = servers.server('http://a');
    bad.does = says429(headers);
    const { balancer, events } = servers.balance({ endpoints: endpoints() }, 1);
    // A caller each millisecond, so that the endpoint is asked in the first millisecond in which it may be.
    await servers.load(balancer, 1, 200);
    expect(bad.requests).toHaveLength(1);
    const [first = Number.NaN] = bad.requests;
    bad.does = answersIn(100);
    await servers.load(balancer, 1, first + wait - servers.clock.now());
    expect(bad.requests).toHaveLength(1);
    await servers.load(balancer, 1, 2);
    expect(bad.requests[1]).toBe(first + wait);
    onlyCoolOffs(events);
    await balancer.close();
  });

  it('from every server for a minute moves no breaker, and no server hears of us before its time', async () => {
    for (const [index, url] of URLS.entries())
      servers.server(url).does = says429({ 'retry-after-ms': String(5_000 + 1_000 * index) });
    const { balancer, events } = servers.balance({ endpoints: endpoints() }, 2);
    const seen = await servers.load(balancer, 100, 60_000);
    for (const [index, url] of URLS.entries()) {
      const { requests } = servers.server(url);
      expect(requests.length).toBeGreaterThan(5);
      // Those who waited in the queue go together; between them and the next there is the whole time.
      const moments = [...new Set(requests)];
      for (let at = 1; at < moments.length; at++)
        expect((moments[at] ?? 0) - (moments[at - 1] ?? 0)).toBeGreaterThanOrEqual(5_000 + 1_000 * index);
    }
    expect(seen.length).toBeGreaterThan(0);
    expect(new Set(seen.map(({ status }) => status))).toEqual(new Set([429]));
    onlyCoolOffs(events);
    expect(balancer.endpoints.every(({ state }) => state === 'cooling-off' || state === 'healthy')).toBe(
      true,
    );
    await balancer.close();
  });

  it('from all of them passes the soonest time on, to the millisecond', async () => {
    const waits = [60_000, 42_000, 50_500];
    for (const [index, url] of URLS.entries())
      servers.server(url).does = says429({ 'retry-after-ms': String(waits[index]) });
    const { balancer } = servers.balance({ endpoints: endpoints() }, 3);
    await servers.load(balancer, 1_000, 1);
    await servers.clock.advanceAsync(999);
    expect(balancer.endpoints.map(({ state }) => state)).toEqual(Array(3).fill('cooling-off'));
    const [soonest = Number.NaN] = servers.server('http://b').requests;
    const before = servers.attempts(0, Number.POSITIVE_INFINITY);
    const [seen] = await servers.load(balancer, 1_000, 10);
    // It would wait longer than `admission.maxWait`, so it is told at once, and no server is asked.
    expect(seen).toMatchObject({ status: 503, attempts: 0, duration: 0 });
    expect(seen?.retryAfterMs).toBe(String(soonest + 42_000 - 1_000));
    expect(servers.attempts(0, Number.POSITIVE_INFINITY)).toBe(before);
    await balancer.close();
  });

  it('from all of them for a short time is waited out: nobody sees it', async () => {
    for (const url of URLS) {
      const server = servers.server(url);
      server.does = (call) => {
        server.does = answersIn(100);
        call.status(429, { 'retry-after-ms': '2000' });
      };
    }
    const { balancer, events } = servers.balance({ endpoints: endpoints(), retry: { attempts: 4 } }, 4);
    const seen = await servers.load(balancer, 100, 10_000);
    expect(seen.length).toBeGreaterThan(90);
    expect(seen.filter(({ status }) => status !== 200)).toEqual([]);
    expect(Math.max(...seen.map(({ duration }) => duration))).toBeLessThanOrEqual(2_000 + 100);
    onlyCoolOffs(events);
    await balancer.close();
  });

  it('in one quota group cools all of it off for the longest time that one of it was told', async () => {
    servers.server('http://a').does = says429({ 'retry-after-ms': '2000' });
    servers.server('http://b').does = says429({ 'retry-after-ms': '9000' });
    const group = [
      { url: 'http://a', id: 'a', quotaGroup: 'shared' },
      { url: 'http://b', id: 'b', quotaGroup: 'shared' },
      { url: 'http://c', id: 'c', tier: 1 },
    ];
    const { balancer } = servers.balance({ endpoints: group }, 5);
    // Both are asked in the same moment; the longer time holds for both, in whatever order they answer.
    const answers = [servers.ask(balancer), servers.ask(balancer)];
    await servers.clock.advanceAsync(8_999);
    // Tier 1 has served both.
    for (const { status, attempts } of await Promise.all(answers))
      expect({ status, attempts }).toEqual({ status: 200, attempts: 2 });
    expect(balancer.endpoints.map(({ state }) => state)).toEqual(['cooling-off', 'cooling-off', 'healthy']);
    const a = servers.server('http://a').requests.length;
    expect(a + servers.server('http://b').requests.length).toBe(2);
    await servers.clock.advanceAsync(1);
    expect(balancer.endpoints.map(({ state }) => state)).toEqual(['healthy', 'healthy', 'healthy']);
    await balancer.close();
  });
});
