import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { inspect } from 'node:util';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import {
  type BalancerEvent,
  consistentHash,
  InvalidOptionError,
  LoadBalancer,
  type LoadBalancerOptions,
} from 'evenkeel';
import { type FeedTick, webDashboardHandler } from 'evenkeel/dashboard';
import { prometheusMetrics } from 'evenkeel/prometheus';
import { vllm } from 'evenkeel/signals/vllm';
import { manualClock } from 'evenkeel/testing';
import { type OpenMetricsContentType, Registry } from 'prom-client';
import { afterAll, describe, expect, it } from 'vitest';
import { BalancerTracing } from '../../../examples/opentelemetry/tracing.js';
import { newsLines } from '../../../src/cli/top-news.js';
import { topTable } from '../../../src/cli/top-table.js';
import { healthReport } from '../../../src/facades/health.js';
import { beginStream, FacadeRig, json } from '../../support/facade-rig.js';
import { FeedReader } from '../../support/feed-reader.js';
import { SERVED_FACADES } from '../../support/served-facades.js';

const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
provider.register();
afterAll(() => provider.shutdown());

/** Secrets planted where secrets stand. Nothing that comes out may hold one. */
const CANARY = {
  prompt: 'canary-prompt',
  answer: 'canary-answer',
  callerKey: 'canary-caller-key',
  cookie: 'canary-cookie',
  endpointKey: 'canary-endpoint-key',
  query: 'canary-query',
  policyData: 'canary-policy-data',
  basePath: 'canary-base-path',
  callerPath: 'canary-caller-path',
  healthQuery: 'canary-health-query',
  metricsPath: 'canary-metrics-path',
  metricsQuery: 'canary-metrics-query',
  affinity: 'canary-affinity',
};

/** Headers of the answers that callers got: those of the balancer's own answers, and those that it adds to others. */
let headers: [name: string, value: string][] = [];

/** A value as whoever prints it would see it: as JSON, and as Node's console does. */
function printed(value: unknown): string {
  return `${JSON.stringify(value)}\n${inspect(value, { depth: 20, maxStringLength: null, maxArrayLength: null })}`;
}

function canariesIn(value: unknown): string[] {
  const text = typeof value === 'string' ? value : printed(value);
  return Object.values(CANARY).filter((canary) => text.includes(canary));
}

/** Everything that a balancer tells anybody but the caller. */
async function watch(act: (balancer: LoadBalancer, rig: FacadeRig) => Promise<void>) {
  await using rig = await FacadeRig.open();
  const url = rig.balancer.endpoints[0]?.url ?? '';
  const logged: unknown[] = [];
  const log = (fields: object, message: string) => logged.push([fields, message]);
  const events: BalancerEvent[] = [];
  const published: unknown[] = [];
  const listen = (message: unknown) => published.push(message);
  await using balancer = new LoadBalancer({
    endpoints: [
      {
        // Without an id: it has to find one that can be shown.
        url: `${url}/${CANARY.basePath}/v1`,
        headers: { 'x-api-key': CANARY.endpointKey },
        models: { m: 'served' },
        healthPath: `/health?key=${CANARY.healthQuery}`,
        // Its page is none, which is told.
        metrics: {
          parser: vllm(),
          url: `${url}/${CANARY.metricsPath}?key=${CANARY.metricsQuery}`,
          interval: 50,
        },
      },
    ],
    serverTiming: true,
    retry: { attempts: 2, backoff: { base: 0, cap: 0 } },
    breaker: { consecutiveFailures: 2 },
    timeouts: { idle: 50 },
    affinityKey: ({ headers }) => `${CANARY.affinity} ${headers.authorization}`,
    policy: consistentHash(),
    logger: { debug: log, info: log, warn: log, error: log },
  });
  const stop = balancer.observe(
    (event) => {
      events.push(event);
      // An observer that fails is logged; the event must not be.
      throw new Error('an observer of the user');
    },
    { records: true },
  );
  const tracing = new BalancerTracing();
  const untraced = tracing.watch(balancer);
  const registry = new Registry<OpenMetricsContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  const metrics = prometheusMetrics(balancer, { registry, exemplars: true, models: ['m'] });
  const dashboard = webDashboardHandler(balancer, { interval: 100, authorize: () => true });
  await using feed = new FeedReader(
    await dashboard(new Request('http://app.test/_balancer', { headers: { accept: 'text/event-stream' } })),
  );
  await feed.tick();
  const channels = [
    'request-started',
    'request-finished',
    'request-record',
    'attempt-started',
    'attempt-settled',
    'retry',
    'request-shed',
    'first-token',
    'endpoint-probed',
    'load-failed',
  ];
  for (const name of channels) subscribe(`evenkeel:${name}`, listen);
  try {
    await balancer.ready();
    const finished = () => events.some(({ type }) => type === 'request-record');
    headers = [];
    await act(balancer, rig);
    const ticks: FeedTick[] = [];
    await feed.until((tick) => {
      ticks.push(tick);
      return finished() && events.some(({ type }) => type === 'load-failed');
    });
    ticks.push(await feed.tick());
    const told = {
      logged,
      events,
      published,
      metrics: await metrics.registry.metrics(),
      snapshot: balancer.snapshot(),
      feed: feed.text,
      top: ticks.flatMap((tick) => [...topTable(tick, { columns: 1_000 }), ...newsLines(tick)]),
      headers,
      page: await (await dashboard(new Request('http://app.test/_balancer'))).text(),
      spans: exporter
        .getFinishedSpans()
        .map(({ name, attributes, events: marks, status }) => [name, attributes, marks, status]),
      health: healthReport(balancer),
      explained: balancer.explain({
        model: 'm',
        path: `/${CANARY.callerPath}/x?key=${CANARY.query}`,
        headers: { authorization: CANARY.callerKey },
      }),
      endpoints: balancer.endpoints,
      balancer,
    };
    expect(events.length).toBeGreaterThan(1);
    expect(published.length).toBeGreaterThan(0);
    expect(logged.length).toBeGreaterThan(0);
    expect(told.spans.length).toBeGreaterThan(0);
    for (const name of ['x-evenkeel-endpoint', 'x-evenkeel-attempts', 'server-timing'])
      expect(headers.map(([found]) => found)).toContain(name);
    expect(told.events.map(({ type }) => type)).toContain('request-record');
    return told;
  } finally {
    for (const name of channels) unsubscribe(`evenkeel:${name}`, listen);
    stop();
    untraced();
    metrics.stop();
    exporter.reset();
  }
}

async function ask(balancer: LoadBalancer, stream = false, model = 'm'): Promise<Response> {
  const answer = await balancer.fetch(`/${CANARY.callerPath}/v1/chat/completions?key=${CANARY.query}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${CANARY.callerKey}`,
      cookie: `session=${CANARY.cookie}`,
    },
    body: JSON.stringify({ model, stream, messages: [{ role: 'user', content: CANARY.prompt }] }),
    evenkeel: { policyData: { note: CANARY.policyData } },
  });
  headers.push(...answer.headers);
  return answer;
}

/** What may happen to a request, and what it may leave behind. */
const CASES: Readonly<Record<string, (balancer: LoadBalancer, rig: FacadeRig) => Promise<unknown>>> = {
  async 'that is answered'(balancer, rig) {
    rig.answer = (response) => json(response, { choices: [{ message: { content: CANARY.answer } }] });
    return (await ask(balancer)).text();
  },
  async 'that is rejected with its key in the answer'(balancer, rig) {
    rig.answer = (response) => json(response, { error: { message: `bad key ${CANARY.callerKey}` } }, 401);
    return (await ask(balancer)).text();
  },
  async 'that fails until the breaker opens'(balancer, rig) {
    rig.answer = (response) => json(response, { error: { message: CANARY.answer } }, 500);
    return (await ask(balancer)).text();
  },
  async 'whose answer is garbage'(balancer, rig) {
    rig.answer = (response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(`<html>${CANARY.answer}`);
    };
    return (await ask(balancer)).text();
  },
  async 'whose stream breaks off'(balancer, rig) {
    rig.answer = (response) => {
      beginStream(response);
      response.write(`data: {"choices":[{"delta":{"content":"${CANARY.answer}"}}]}\n\n`, () =>
        response.destroy(),
      );
    };
    return (await ask(balancer, true)).text().catch((error: unknown) => printed(error));
  },
  async 'whose stream stalls'(balancer, rig) {
    rig.answer = (response) => {
      beginStream(response);
      response.write(`data: {"choices":[{"delta":{"content":"${CANARY.answer}"}}]}\n\n`);
    };
    return (await ask(balancer, true)).text().catch((error: unknown) => printed(error));
  },
  async 'whose model nobody serves'(balancer) {
    return (await ask(balancer, false, 'other')).text();
  },
  async 'that has a header which HTTP does not allow'(balancer) {
    const answer = await balancer.fetch('/v1/models', {
      headers: { authorization: `${CANARY.callerKey}\r\n` },
    });
    headers.push(...answer.headers);
    return answer.text();
  },
};

describe('Bodies and keys are in nothing that a balancer tells of a request', () => {
  it.each(Object.entries(CASES))('%s', async (_, act) => {
    const told = await watch(async (balancer, rig) => {
      await act(balancer, rig);
      expect(rig.asked.every(({ headers }) => headers['x-api-key'] === CANARY.endpointKey)).toBe(true);
    });
    for (const [place, value] of Object.entries(told))
      expect([place, canariesIn(value)]).toEqual([place, []]);
  });

  it('nor in the error that breaks a stream, nor in the balancer’s own answers', async () => {
    for (const name of ['whose stream breaks off', 'whose stream stalls', 'whose model nobody serves']) {
      await watch(async (balancer, rig) => {
        const text = await CASES[name]?.(balancer, rig);
        expect(text).toMatch(/StreamError|error/);
        expect([name, canariesIn(String(text))]).toEqual([name, []]);
      });
    }
    await watch(async (balancer) => {
      const own = await CASES['that has a header which HTTP does not allow']?.(balancer, undefined as never);
      expect(own).toContain('invalid_request');
      expect(canariesIn(String(own))).toEqual([]);
    });
  });

  it('though a policy can read the headers, and its data is passed to it', async () => {
    await using rig = await FacadeRig.open();
    const seen: unknown[] = [];
    await using balancer = new LoadBalancer({
      endpoints: [{ url: rig.balancer.endpoints[0]?.url ?? '' }],
      policy: {
        name: 'mine',
        select: ([first], { headers, policyData }) => {
          seen.push(headers.authorization, policyData);
          return first;
        },
      },
    });
    await ask(balancer);
    expect(seen).toEqual([`Bearer ${CANARY.callerKey}`, { note: CANARY.policyData }]);
  });
});

describe('A key goes where it was meant for, and nowhere else', () => {
  it('an endpoint’s own replaces the caller’s, in any spelling, and is never in an answer', async () => {
    await using rig = await FacadeRig.open();
    const url = rig.balancer.endpoints[0]?.url ?? '';
    await using balancer = new LoadBalancer({
      endpoints: [{ url, headers: { Authorization: `Bearer ${CANARY.endpointKey}` } }],
    });
    const answer = await balancer.fetch('/v1/models', {
      headers: { AUTHORIZATION: `Bearer ${CANARY.callerKey}` },
    });
    expect(rig.asked[0]?.headers.authorization).toBe(`Bearer ${CANARY.endpointKey}`);
    expect(canariesIn([...answer.headers].join() + (await answer.text()))).toEqual([]);
  });

  it('one endpoint’s is not sent to the next one when a request is repeated', async () => {
    await using first = await FacadeRig.open();
    await using second = await FacadeRig.open();
    first.answer = (response) => json(response, {}, 500);
    await using balancer = new LoadBalancer({
      endpoints: [
        {
          url: first.balancer.endpoints[0]?.url ?? '',
          headers: { authorization: CANARY.endpointKey, 'x-a': '1' },
        },
        { url: second.balancer.endpoints[0]?.url ?? '', tier: 1 },
      ],
      retry: { backoff: { base: 0, cap: 0 } },
    });
    expect((await balancer.fetch('/v1/models')).status).toBe(200);
    expect(first.asked[0]?.headers).toMatchObject({ authorization: CANARY.endpointKey, 'x-a': '1' });
    expect(second.asked[0]?.headers).not.toHaveProperty('authorization');
    expect(second.asked[0]?.headers).not.toHaveProperty('x-a');
  });

  it.each(Object.entries(SERVED_FACADES))('a health check through %s shows no url', async (_, open) => {
    await using rig = await FacadeRig.open();
    await using site = await open(rig.balancer);
    const answer = await fetch(`${site.url}/v1/models`, { headers: { authorization: CANARY.callerKey } });
    expect(canariesIn([...answer.headers].join() + (await answer.text()))).toEqual([]);
    expect([...answer.headers].join()).not.toContain(rig.balancer.endpoints[0]?.url ?? '');
  });
});

describe('An option that is wrong is named, but what may be a key is not shown', () => {
  const URL_A = 'http://127.0.0.1:1';
  it.each<[string, unknown]>([
    ['an endpoint field that does not exist', { endpoints: [{ url: URL_A, apiKey: CANARY.endpointKey }] }],
    [
      'a field of the balancer that does not exist',
      { endpoints: [{ url: URL_A }], apiKey: CANARY.endpointKey },
    ],
    ['headers that are a text', { endpoints: [{ url: URL_A, headers: `Bearer ${CANARY.endpointKey}` }] }],
    ['headers that are a list', { endpoints: [{ url: URL_A, headers: [['x', CANARY.endpointKey]] }] }],
    [
      'a header with a line break',
      { endpoints: [{ url: URL_A, headers: { x: `${CANARY.endpointKey}\n` } }] },
    ],
    ['endpoints that are no list', { endpoints: { url: URL_A, headers: { x: CANARY.endpointKey } } }],
    ['a url with a password', { endpoints: [{ url: `http://user:${CANARY.endpointKey}@host` }] }],
    ['a url with a key in its path', { endpoints: [{ url: `${URL_A}/${CANARY.endpointKey}?x` }] }],
    ['a url that is none', { endpoints: [{ url: `host:/${CANARY.endpointKey}` }] }],
    [
      'two endpoints of one url',
      { endpoints: [0, 1].map(() => ({ url: `${URL_A}/${CANARY.endpointKey}/v1` })) },
    ],
    [
      'a health path with a space',
      { endpoints: [{ url: URL_A, healthPath: `/health ?key=${CANARY.endpointKey}` }] },
    ],
    [
      'one page twice',
      {
        endpoints: [
          {
            url: URL_A,
            metrics: [0, 1].map(() => ({ parser: vllm(), url: `${URL_A}/m?key=${CANARY.endpointKey}` })),
          },
        ],
      },
    ],
    ['a url with a key in its query', { endpoints: [{ url: `${URL_A}?key=${CANARY.endpointKey}` }] }],
  ])('%s', (_, options) => {
    let thrown: unknown;
    try {
      new LoadBalancer(options as LoadBalancerOptions);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(InvalidOptionError);
    expect(canariesIn(thrown)).toEqual([]);
    expect(canariesIn({ ...(thrown as object) })).toEqual([]);
  });

  it('the value is still there for who asks for it', () => {
    try {
      new LoadBalancer({ endpoints: [{ url: URL_A, weight: -1 }], clock: manualClock() });
      throw new Error('accepted');
    } catch (error) {
      expect(error).toMatchObject({ option: 'endpoints[0].weight', value: -1 });
      expect(Object.keys(error as object)).not.toContain('value');
    }
  });
});
