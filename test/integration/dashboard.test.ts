import { readFileSync } from 'node:fs';
import { LoadBalancer, scored } from 'evenkeel';
import {
  type DashboardOptions,
  dashboardHandler,
  type FeedDecision,
  webDashboardHandler,
} from 'evenkeel/dashboard';
import { MockLlmServer, manualClock } from 'evenkeel/testing';
import express from 'express';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PAGE, PAGE_POLICY, PAGE_SOURCES } from '../../src/facades/dashboard/built-page.js';
import { sourcesHash } from '../browser/build-page.js';
import { Site } from '../support/facade-rig.js';
import { FeedReader } from '../support/feed-reader.js';

let server: MockLlmServer;
let balancer: LoadBalancer;
beforeEach(async () => {
  server = await MockLlmServer.start({ tokens: 4 });
  balancer = new LoadBalancer({
    endpoints: [
      { url: server.url, id: 'one', maxOutstanding: 4 },
      { url: server.url, id: 'two', tier: 1 },
    ],
    policy: scored(),
    breaker: { consecutiveFailures: 1, openFor: 30_000 },
    retry: false,
  });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await balancer.close();
  await server.stop();
});

function serve(options: DashboardOptions<never> = {}): Promise<Site> {
  const app = express();
  app.use('/_balancer', dashboardHandler(balancer, { interval: 100, authorize: () => true, ...options }));
  return Site.open(app);
}

async function chat(content = 'Hi', init: RequestInit = {}): Promise<void> {
  const body = JSON.stringify({ model: 'mock-model', stream: true, messages: [{ role: 'user', content }] });
  const answer = await balancer.fetch('/v1/chat/completions', { method: 'POST', body, ...init });
  await answer.text();
}

describe('the dashboard', () => {
  it('serves one page that may load nothing, run nothing else and be framed by nobody', async () => {
    await using site = await serve();
    const answer = await fetch(`${site.url}/_balancer`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const policy = answer.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
    expect(answer.headers.get('cache-control')).toContain('no-store');
    const page = await answer.text();
    expect(page).not.toMatch(/(src|href)="(?!data:)/);
    expect(page).not.toMatch(/ style=| on\w+="/);
  });

  it('is built from the sources as they are, within 100 KiB', () => {
    expect(PAGE_SOURCES, 'run npm run build:page').toBe(sourcesHash());
    expect(PAGE.length).toBeLessThan(100 * 1024);
    expect(PAGE_POLICY).toMatch(/script-src 'sha256-/);
    const written = readFileSync('src/facades/dashboard/built-page.ts', 'utf8');
    expect(written).toContain('Leon Sorokin');
  });

  it('tells the state at once, then what happens: rates, tokens, first tokens, decisions with their scores', async () => {
    await using site = await serve();
    await using feed = await FeedReader.open(`${site.url}/_balancer`);
    expect(await feed.hello()).toEqual({ interval: 100 });
    const first = await feed.tick();
    expect(first).toMatchObject({
      closed: false,
      queued: 0,
      available: 2,
      requests: 0,
      replicas: { active: 2 },
    });
    expect(first.endpoints.map(({ id, state }) => [id, state])).toEqual([
      ['one', 'healthy'],
      ['two', 'healthy'],
    ]);
    await chat();
    // A choice is told with the tick after it, which may come before the answer has ended.
    const decisions: FeedDecision[] = [];
    const tick = await feed.until((one) => {
      decisions.push(...one.decisions);
      return one.requests > 0;
    });
    expect(tick.failed).toBe(0);
    expect(tick.endpoints[0]).toMatchObject({ id: 'one', maxOutstanding: 4, outstanding: 0 });
    expect(tick.endpoints[0]?.tokens).toBeGreaterThan(0);
    expect(tick.endpoints[0]?.firstToken?.p95).toBeGreaterThanOrEqual(0);
    expect(decisions).toMatchObject([
      {
        choice: 'one',
        model: 'mock-model',
        candidates: 1,
        excluded: { 'higher-tier': 1 },
        scores: [{ endpoint: 'one', terms: expect.any(Object) }],
      },
    ]);
  });

  it('tells of an endpoint that fails, with the time until it is tried again', async () => {
    await using site = await serve();
    await using feed = await FeedReader.open(`${site.url}/_balancer`);
    await feed.tick();
    server.fault = { kind: 'status', status: 500 };
    await chat();
    const tick = await feed.until(({ endpoints }) => endpoints[0]?.state === 'open');
    expect(tick.failed).toBeGreaterThan(0);
    expect(tick.endpoints[0]?.reopensIn).toBeGreaterThan(0);
    expect(tick.events).toMatchObject([
      { level: 'warn', endpoint: 'one', text: 'an attempt failed: status 500', count: 1 },
      { level: 'warn', endpoint: 'one', text: 'healthy → open', count: 1 },
    ]);
  });

  it('gives the state once as JSON, and shows what an autoscaler would have', async () => {
    await using site = await serve({ autoscaler: { desiredReplicas: 5 } });
    const answer = await fetch(`${site.url}/_balancer`, { headers: { accept: 'application/json' } });
    expect(await answer.json()).toMatchObject({ available: 2, replicas: { active: 2, desired: 5 } });
  });

  it('counts no reserve among the active replicas', async () => {
    balancer.add({ url: 'http://127.0.0.1:9', id: 'reserve', standby: true });
    await using site = await serve();
    const answer = await fetch(`${site.url}/_balancer`, { headers: { accept: 'application/json' } });
    expect(await answer.json()).toMatchObject({ replicas: { active: 2 } });
  });

  it('ends its feeds when the balancer is closed, so that the server can close', async () => {
    await using site = await serve();
    await using feed = await FeedReader.open(`${site.url}/_balancer`);
    await feed.tick();
    await balancer.close();
    expect(await feed.until(({ closed }) => closed)).toMatchObject({ closed: true });
    await feed.end();
  });

  it('refuses other methods, and answers HEAD without a body', async () => {
    await using site = await serve();
    const refused = await fetch(`${site.url}/_balancer`, { method: 'DELETE' });
    expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST']);
    const head = await fetch(`${site.url}/_balancer`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
  });

  it('serves Request and Response as well', async () => {
    const handler = webDashboardHandler(balancer, { interval: 100, authorize: () => true });
    const page = await handler(new Request('http://app.test/_balancer'));
    expect(await page.text()).toBe(PAGE);
    const request = new Request('http://app.test/_balancer', { headers: { accept: 'text/event-stream' } });
    await using feed = new FeedReader(await handler(request));
    expect(await feed.until(({ available }) => available === 2)).toMatchObject({ queued: 0 });
  });
});

describe('what the feed costs', () => {
  it('is nothing when nobody looks: no observer, no timer; and one timer for all who do', async () => {
    const clock = manualClock();
    const observers = new Set<unknown>();
    const source = {
      snapshot: () => balancer.snapshot(),
      observe: (observer: unknown) => {
        observers.add(observer);
        return () => observers.delete(observer);
      },
      explainNext: () => () => {},
      drain: (id: string) => balancer.drain(id),
      activate: (id: string) => balancer.activate(id),
      standby: (id: string) => balancer.standby(id),
      setWeight: (id: string, weight: number) => balancer.setWeight(id, weight),
    };
    const handler = webDashboardHandler(source, { authorize: () => true, clock });
    const watching = () => ({ observers: observers.size, timers: clock.pending });
    expect(watching()).toEqual({ observers: 0, timers: 0 });
    const look = () => handler(new Request('http://app.test/', { headers: { accept: 'text/event-stream' } }));
    const [one, other] = [await look(), await look()];
    expect(watching()).toEqual({ observers: 1, timers: 1 });
    await one.body?.cancel();
    expect(watching()).toEqual({ observers: 1, timers: 1 });
    await other.body?.cancel();
    expect(watching()).toEqual({ observers: 0, timers: 0 });
  });
});

describe('who may see the dashboard', () => {
  it.each(['production', 'staging', ''])(
    'is nobody without authorize, with NODE_ENV %j, and the answer says why',
    async (environment) => {
      vi.stubEnv('NODE_ENV', environment);
      await using site = await serve({ authorize: undefined });
      for (const accept of ['text/html', 'text/event-stream', 'application/json']) {
        const answer = await fetch(`${site.url}/_balancer`, { headers: { accept } });
        expect(answer.status).toBe(403);
        expect(await answer.text()).toContain('authorize');
      }
    },
  );

  it('is anybody in development', async () => {
    vi.stubEnv('NODE_ENV', 'development');
    await using site = await serve({ authorize: undefined });
    expect((await fetch(`${site.url}/_balancer`)).status).toBe(200);
  });

  it('is for authorize to say, asked for page, feed, state and actions alike', async () => {
    const authorize = async ({ headers }: { headers: Record<string, string> }) =>
      headers['x-user'] === 'operator';
    await using site = await serve({ authorize: authorize as never, actions: true });
    for (const init of [{}, { headers: { accept: 'text/event-stream' } }, { method: 'POST' }])
      expect((await fetch(`${site.url}/_balancer`, init)).status).toBe(403);
    expect((await fetch(`${site.url}/_balancer`, { headers: { 'x-user': 'operator' } })).status).toBe(200);
  });

  it('is nobody when authorize says anything but true, or throws', async () => {
    await using lax = await serve({ authorize: (() => 'yes') as never });
    expect((await fetch(`${lax.url}/_balancer`)).status).toBe(403);
    vi.spyOn(console, 'error').mockImplementation(() => {});
    await using broken = await serve({
      authorize: () => {
        throw new Error('no session store');
      },
    });
    expect((await fetch(`${broken.url}/_balancer`)).status).toBe(500);
  });
});

describe('actions', () => {
  async function act(site: Site, token: string | undefined, query: string, headers = {}) {
    const answer = await fetch(`${site.url}/_balancer?${query}`, {
      method: 'POST',
      headers: { ...(token !== undefined && { 'x-evenkeel-token': token }), ...headers },
    });
    return { status: answer.status, text: await answer.text() };
  }

  it('drain, activate and put on standby', async () => {
    await using site = await serve({ actions: true });
    await using feed = await FeedReader.open(`${site.url}/_balancer`);
    const { token } = await feed.hello();
    const states: string[] = [];
    for (const action of ['drain', 'activate', 'standby']) {
      expect(await act(site, token, `action=${action}&endpoint=one`)).toMatchObject({ status: 202 });
      states.push(balancer.endpoints[0]?.state ?? '');
    }
    expect(states).toEqual(['draining', 'healthy', 'standby']);
    expect(await act(site, token, 'action=weight&endpoint=one&weight=2.5')).toMatchObject({ status: 202 });
    expect(balancer.endpoints[0]?.weight).toBe(2.5);
    expect(balancer.endpoints[1]?.state).toBe('healthy');
  });

  it('need the token of the feed and a request of the same origin', async () => {
    await using site = await serve({ actions: true });
    await using feed = await FeedReader.open(`${site.url}/_balancer`);
    const { token } = await feed.hello();
    const query = 'action=drain&endpoint=one';
    expect(await act(site, undefined, query)).toMatchObject({ status: 403 });
    expect(await act(site, 'guess', query)).toMatchObject({ status: 403 });
    expect(await act(site, token, query, { 'sec-fetch-site': 'cross-site' })).toMatchObject({ status: 403 });
    expect(await act(site, undefined, 'action=weight&endpoint=one&weight=0')).toMatchObject({ status: 403 });
    expect(balancer.endpoints[0]?.weight).toBe(1);
    expect(balancer.endpoints[0]?.state).toBe('healthy');
  });

  it('of an unknown name, or for an unknown endpoint, are refused', async () => {
    await using site = await serve({ actions: true });
    await using feed = await FeedReader.open(`${site.url}/_balancer`);
    const { token } = await feed.hello();
    expect(await act(site, token, 'action=constructor&endpoint=one')).toMatchObject({ status: 400 });
    expect(await act(site, token, 'action=close')).toMatchObject({ status: 400 });
    expect(await act(site, token, 'action=drain&endpoint=three')).toMatchObject({ status: 400 });
    for (const weight of ['', '&weight=', '&weight=-1', '&weight=x', '&weight=1e3', '&weight=Infinity'])
      expect(await act(site, token, `action=weight&endpoint=one${weight}`)).toMatchObject({ status: 400 });
    expect(balancer.endpoints[0]?.weight).toBe(1);
  });

  it('are off by default: the feed has no token, and a POST is refused', async () => {
    await using site = await serve();
    await using feed = await FeedReader.open(`${site.url}/_balancer`);
    expect((await feed.hello()).token).toBeUndefined();
    expect(await act(site, 'any', 'action=drain&endpoint=one')).toMatchObject({ status: 403 });
    expect(balancer.endpoints[0]?.state).toBe('healthy');
  });
});

describe('bad options', () => {
  it.each([
    [{ actions: true }, '`options.actions` needs options.authorize'],
    [{ actions: 'yes' }, '`options.actions` must be true or false'],
    [{ authorize: true }, '`options.authorize` must be a function'],
    [{ interval: 50 }, '`options.interval` must be'],
    [{ autoscaler: 3 }, '`options.autoscaler` must have desiredReplicas'],
    [{ path: '/' }, '`options.path` is not known'],
  ])('%j is refused by name', (options, message) => {
    expect(() => dashboardHandler(balancer, options as object)).toThrow(message);
  });
});

describe('what the feed does not tell', () => {
  it('prompts, answers, keys, addresses, paths and what endpoints write in errors', async () => {
    await balancer.close();
    const canary = (name: string) => `canary-${name}`;
    balancer = new LoadBalancer({
      endpoints: [{ url: server.url, id: 'one', headers: { authorization: canary('key') } }],
      affinityKey: () => canary('affinity'),
      retry: false,
    });
    await using site = await serve({ actions: true });
    await using feed = await FeedReader.open(`${site.url}/_balancer`);
    await feed.tick();
    await chat(canary('prompt'), { headers: { authorization: canary('caller'), 'x-own': canary('header') } });
    server.fault = { kind: 'status', status: 500, body: { error: { message: canary('error') } } };
    await chat(canary('second'));
    await balancer.fetch(`/v1/models?key=${canary('query')}`).then((answer) => answer.text());
    server.fault = { kind: 'error-event', after: 0, error: { message: canary('event') } };
    await chat();
    await feed.until(({ events }) => events.some(({ text }) => text.includes('failed')));
    await feed.tick();
    expect(feed.text).toContain('one');
    expect(feed.text).not.toContain('canary-');
    expect(feed.text).not.toContain('127.0.0.1');
    expect(feed.text).not.toContain(server.completionText(4));
  });

  it('more than so much of a name that a caller made up, and never a line of its own', async () => {
    await using site = await serve();
    await using feed = await FeedReader.open(`${site.url}/_balancer`);
    await feed.tick();
    const model = `</script><img src=x onerror=alert(1)>\n\nevent: hello\ndata: {}\u0000${'x'.repeat(10_000)}`;
    const body = JSON.stringify({ model, messages: [] });
    await (await balancer.fetch('/v1/chat/completions', { method: 'POST', body })).text();
    const { decisions } = await feed.until(({ decisions }) => decisions.length > 0);
    expect(decisions[0]?.model?.length).toBeLessThan(300);
    expect(decisions[0]?.model).toContain('</script><img');
  });
});
