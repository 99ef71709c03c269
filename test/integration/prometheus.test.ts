import { type InferenceRequest, LoadBalancer } from 'evenkeel';
import { metricsHandler as expressMetrics } from 'evenkeel/express';
import { metricsHandler as fastifyMetrics } from 'evenkeel/fastify';
import { type PrometheusOptions, prometheusMetrics } from 'evenkeel/prometheus';
import { MockLlmServer } from 'evenkeel/testing';
import { metricsHandler as webMetrics } from 'evenkeel/web';
import express from 'express';
import fastify from 'fastify';
import { Counter, type OpenMetricsContentType, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { fetchAll, idle, Site } from '../support/facade-rig.js';

/** The samples of a scrape: `name{label="value"}` to number. Fails on a line that is no sample. */
function samples(text: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [, series, value] =
      /^([a-zA-Z_:][\w:]*(?:\{(?:\w+="(?:[^"\\]|\\.)*",?)+\})?) (\S+)$/.exec(line) ?? [];
    if (series === undefined || value === undefined) throw new Error(`no sample: ${line}`);
    expect(found.has(series), `${series} occurs twice`).toBe(false);
    found.set(series, Number(value));
  }
  return found;
}

async function scrape(registry: { metrics(): Promise<string> }) {
  return samples(await registry.metrics());
}

function post(balancer: LoadBalancer, body = {}, path = '/v1/chat/completions'): Promise<Response> {
  return balancer.fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'mock-model', messages: [{ role: 'user', content: 'Hi' }], ...body }),
  });
}

describe('prometheusMetrics', () => {
  it('counts requests by the status that the caller saw, and times them', async () => {
    await using server = await MockLlmServer.start();
    await using balancer = new LoadBalancer({ endpoints: [{ url: server.url, id: 'a' }], retry: false });
    const { registry } = prometheusMetrics(balancer);
    await (await post(balancer)).text();
    await (await post(balancer)).text();
    server.faultOnce({ kind: 'status', status: 500 });
    await (await post(balancer)).text();
    const found = await scrape(registry);
    expect(found.get('evenkeel_http_requests_total{status="200"}')).toBe(2);
    expect(found.get('evenkeel_http_requests_total{status="500"}')).toBe(1);
    expect(found.get('evenkeel_request_duration_seconds_count{operation="chat"}')).toBe(3);
    expect(found.get('evenkeel_request_duration_seconds_bucket{le="655.36",operation="chat"}')).toBe(3);
    expect(found.get('evenkeel_request_duration_seconds_bucket{le="+Inf",operation="chat"}')).toBe(3);
    expect(found.get('evenkeel_attempts_total{endpoint="a",outcome="success"}')).toBe(2);
    expect(found.get('evenkeel_attempts_total{endpoint="a",outcome="fault"}')).toBe(1);
  });

  it('counts a caller that leaves as 499', async () => {
    await using server = await MockLlmServer.start();
    server.fault = { kind: 'hang' };
    await using balancer = new LoadBalancer({ endpoints: [{ url: server.url, id: 'a' }] });
    const { registry } = prometheusMetrics(balancer);
    const caller = new AbortController();
    const answered = balancer.fetch('/v1/chat/completions', {
      method: 'POST',
      body: '{}',
      signal: caller.signal,
    });
    await server.waitFor(({ active }) => active === 1);
    caller.abort();
    await expect(answered).rejects.toThrow();
    await idle(balancer);
    const found = await scrape(registry);
    expect(found.get('evenkeel_http_requests_total{status="499"}')).toBe(1);
    expect(found.get('evenkeel_attempts_total{endpoint="a",outcome="neutral"}')).toBe(1);
  });

  it('counts retries by reason, and the attempts of each endpoint', async () => {
    await using broken = await MockLlmServer.start();
    await using sound = await MockLlmServer.start();
    broken.fault = { kind: 'status', status: 500 };
    await using balancer = new LoadBalancer({
      endpoints: [
        { url: broken.url, id: 'broken' },
        { url: sound.url, id: 'sound', tier: 1 },
      ],
      retry: { backoff: { base: 1, cap: 1 } },
    });
    const { registry } = prometheusMetrics(balancer);
    expect((await post(balancer)).status).toBe(200);
    const found = await scrape(registry);
    expect(found.get('evenkeel_retries_total{reason="status"}')).toBe(1);
    expect(found.get('evenkeel_attempts_total{endpoint="broken",outcome="fault"}')).toBe(1);
    expect(found.get('evenkeel_attempts_total{endpoint="sound",outcome="success"}')).toBe(1);
    expect(found.get('evenkeel_http_requests_total{status="200"}')).toBe(1);
  });

  it('times requests by what they are for', async () => {
    await using server = await MockLlmServer.start();
    await using balancer = new LoadBalancer({ endpoints: [{ url: server.url, id: 'a' }] });
    const { registry } = prometheusMetrics(balancer, { prefix: '' });
    for (const path of [
      '/v1/chat/completions',
      '/v1/messages',
      '/api/chat',
      '/v1/completions',
      '/v1/embeddings',
    ])
      await (await post(balancer, { input: 'Hi', prompt: 'Hi' }, path)).text();
    await (await balancer.fetch('/v1/models?operation=chat')).text();
    const found = await scrape(registry);
    const count = (operation: string) =>
      found.get(`request_duration_seconds_count{operation="${operation}"}`);
    expect([count('chat'), count('text_completion'), count('embeddings'), count('other')]).toEqual([
      3, 1, 1, 1,
    ]);
  });

  it('counts the retries that a budget denied', async () => {
    await using server = await MockLlmServer.start();
    server.fault = { kind: 'status', status: 500 };
    await using balancer = new LoadBalancer({
      endpoints: [{ url: server.url, id: 'a' }],
      retry: { budget: { ratio: 0, reserve: 0 } },
    });
    const { registry } = prometheusMetrics(balancer);
    expect((await scrape(registry)).get('evenkeel_retries_denied_total{reason="budget"}')).toBe(0);
    expect((await post(balancer)).status).toBe(500);
    expect((await scrape(registry)).get('evenkeel_retries_denied_total{reason="budget"}')).toBe(1);
  });

  it('counts streams that break in the hands of callers, and not those that are resumed', async () => {
    await using broken = await MockLlmServer.start({ tokens: 10 });
    await using sound = await MockLlmServer.start({ tokens: 10 });
    broken.fault = { kind: 'cut', after: 4 };
    const endpoints = [
      { url: broken.url, id: 'broken' },
      { url: sound.url, id: 'sound', tier: 1 },
    ];
    await using plain = new LoadBalancer({ endpoints });
    await using resuming = new LoadBalancer({ endpoints, resume: true });
    const registry = new Registry();
    prometheusMetrics(plain, { registry, name: 'plain' });
    prometheusMetrics(resuming, { registry, name: 'resuming' });
    await expect((await post(plain, { stream: true })).text()).rejects.toThrow();
    await (await post(resuming, { stream: true })).text();
    await idle(resuming);
    const found = await scrape(registry);
    expect(found.get('evenkeel_streams_broken_total{balancer="plain"}')).toBe(1);
    expect(found.get('evenkeel_streams_broken_total{balancer="resuming"}')).toBe(0);
  });

  it('counts the streams that were resumed, and the tokens of each endpoint', async () => {
    await using broken = await MockLlmServer.start({ tokens: 10 });
    await using sound = await MockLlmServer.start({ tokens: 10 });
    broken.fault = { kind: 'cut', after: 4 };
    await using balancer = new LoadBalancer({
      endpoints: [
        { url: broken.url, id: 'broken' },
        { url: sound.url, id: 'sound', tier: 1 },
      ],
      resume: true,
    });
    const { registry } = prometheusMetrics(balancer);
    expect((await scrape(registry)).get('evenkeel_streams_resumed_total')).toBe(0);
    await (await post(balancer, { stream: true })).text();
    await idle(balancer);
    const found = await scrape(registry);
    expect(found.get('evenkeel_streams_resumed_total')).toBe(1);
    expect(found.get('evenkeel_tokens_total{endpoint="broken",type="completion"}')).toBe(4);
    expect(found.get('evenkeel_tokens_total{endpoint="sound",type="completion"}')).toBe(6);
  });

  it('counts tokens as reported, or by content events, and times the first and the rest', async () => {
    await using server = await MockLlmServer.start({ tokens: 10 });
    await using balancer = new LoadBalancer({ endpoints: [{ url: server.url, id: 'a' }] });
    const { registry } = prometheusMetrics(balancer);
    const reported = await (
      await post(balancer, { stream: true, stream_options: { include_usage: true } })
    ).text();
    const prompt = Number(/"prompt_tokens":(\d+)/.exec(reported)?.[1]);
    let found = await scrape(registry);
    expect(prompt).toBeGreaterThan(0);
    expect(found.get('evenkeel_tokens_total{endpoint="a",type="prompt"}')).toBe(prompt);
    expect(found.get('evenkeel_tokens_total{endpoint="a",type="completion"}')).toBe(10);
    await (await post(balancer, { stream: true, max_tokens: 4 })).text();
    found = await scrape(registry);
    expect(found.get('evenkeel_tokens_total{endpoint="a",type="prompt"}')).toBe(prompt);
    expect(found.get('evenkeel_tokens_total{endpoint="a",type="completion"}')).toBe(14);
    expect(found.get('evenkeel_time_to_first_token_seconds_count')).toBe(2);
    expect(found.get('evenkeel_time_per_output_token_seconds_count')).toBe(2);
    await (await post(balancer)).text();
    found = await scrape(registry);
    expect(found.get('evenkeel_time_to_first_token_seconds_count')).toBe(2);
  });

  it('shows what is queued and outstanding now, and times the wait', async () => {
    await using server = await MockLlmServer.start();
    server.fault = { kind: 'hang' };
    await using balancer = new LoadBalancer({
      endpoints: [{ url: server.url, id: 'a', maxOutstanding: 1 }],
    });
    const { registry } = prometheusMetrics(balancer);
    const first = new AbortController();
    const hanging = balancer.fetch('/v1/x', { signal: first.signal });
    await server.waitFor(({ active }) => active === 1);
    const queued = balancer.fetch('/v1/models');
    let found = await scrape(registry);
    expect(found.get('evenkeel_request_queue_depth')).toBe(1);
    expect(found.get('evenkeel_endpoint_outstanding_requests{endpoint="a"}')).toBe(1);
    expect(found.get('evenkeel_endpoint_available{endpoint="a"}')).toBe(0);
    await server.clearFaults();
    first.abort();
    await expect(hanging).rejects.toThrow();
    await (await queued).text();
    found = await scrape(registry);
    expect(found.get('evenkeel_request_queue_depth')).toBe(0);
    expect(found.get('evenkeel_endpoint_available{endpoint="a"}')).toBe(1);
    expect(found.get('evenkeel_request_queue_wait_seconds_count')).toBe(1);
  });

  it("shows each endpoint's state, and how many are in service", async () => {
    await using balancer = new LoadBalancer({
      endpoints: [
        { url: 'http://127.0.0.1:9', id: 'a' },
        { url: 'http://127.0.0.2:9', id: 'b' },
        { url: 'http://127.0.0.3:9', id: 'c', weight: 0 },
      ],
    });
    const { registry } = prometheusMetrics(balancer);
    await balancer.drain('a');
    const found = await scrape(registry);
    expect(found.get('evenkeel_active_replicas')).toBe(1);
    expect(found.get('evenkeel_endpoint_state{endpoint="a",state="draining"}')).toBe(1);
    expect(found.get('evenkeel_endpoint_state{endpoint="a",state="healthy"}')).toBe(0);
    expect(found.get('evenkeel_endpoint_state{endpoint="b",state="healthy"}')).toBe(1);
    expect(found.get('evenkeel_endpoint_state{endpoint="b",state="open"}')).toBe(0);
    expect(found.get('evenkeel_tier_endpoints{tier="0",state="draining"}')).toBe(1);
    expect(found.get('evenkeel_tier_endpoints{tier="0",state="healthy"}')).toBe(1);
  });

  it('drops the series of a removed endpoint, also when its last stream ends after that', async () => {
    await using server = await MockLlmServer.start();
    await using balancer = new LoadBalancer({ endpoints: [{ url: server.url, id: 'a' }] });
    const { registry } = prometheusMetrics(balancer);
    balancer.add({ url: 'http://127.0.0.1:9', id: 'b' });
    const response = await post(balancer, { stream: true });
    balancer.remove('a');
    await response.text();
    const text = await registry.metrics();
    expect(text).not.toContain('endpoint="a"');
    expect(samples(text).get('evenkeel_attempts_total{endpoint="b",outcome="success"}')).toBe(0);
  });

  it("bears exactly the bare names with prefix '', beside metrics of the user's own", async () => {
    await using server = await MockLlmServer.start();
    await using balancer = new LoadBalancer({ endpoints: [{ url: server.url, id: 'a' }] });
    const registry = new Registry();
    new Counter({ name: 'mine_total', help: 'Mine.', registers: [registry] }).inc();
    expect(prometheusMetrics(balancer, { registry, prefix: '' }).registry).toBe(registry);
    await (await post(balancer)).text();
    const text = await registry.metrics();
    const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
    expect(names.sort()).toEqual(
      [
        'mine_total',
        'request_duration_seconds',
        'http_requests_total',
        'time_to_first_token_seconds',
        'time_per_output_token_seconds',
        'request_queue_depth',
        'request_queue_wait_seconds',
        'attempts_total',
        'retries_total',
        'retries_denied_total',
        'hedges_total',
        'streams_resumed_total',
        'streams_broken_total',
        'tokens_total',
        'tier_endpoints',
        'endpoint_outstanding_requests',
        'endpoint_available',
        'endpoint_state',
        'endpoint_requests_waiting',
        'endpoint_kv_cache_usage_ratio',
        'endpoint_gpu_utilization_ratio',
        'endpoint_vram_used_ratio',
        'active_replicas',
        'desired_replicas',
        'saturation_ratio',
        'model_queue_depth',
        'model_outstanding_requests',
        'model_saturation_ratio',
        'model_queued_requests_total',
        'model_queue_wait_seconds_total',
      ].sort(),
    );
    expect(samples(text).get('http_requests_total{status="200"}')).toBe(1);
  });

  it('tells by model what waits, for how long, what is outstanding, and how full its endpoints are', async () => {
    await using server = await MockLlmServer.start();
    await using balancer = new LoadBalancer({
      endpoints: [
        { url: server.url, id: 'a', maxOutstanding: 1, models: ['mock-model'] },
        { url: server.url, id: 'b', maxOutstanding: 3, models: ['small'] },
      ],
    });
    const { registry } = prometheusMetrics(balancer, { prefix: '', models: ['mock-model', 'small'] });
    server.fault = { kind: 'hang' };
    const callers = new AbortController();
    const ask = (model: string) =>
      balancer
        .fetch('/v1/chat/completions', {
          method: 'POST',
          body: JSON.stringify({ model, messages: [] }),
          signal: callers.signal,
        })
        .catch(() => {});
    const asked = [ask('mock-model'), ask('mock-model'), ask('mock-model'), ask('small')];
    await server.waitFor(({ active }) => active === 2);
    let found = await scrape(registry);
    const of = (name: string, model: string) => found.get(`${name}{model="${model}"}`);
    expect(found.get('request_queue_depth')).toBe(2);
    expect([of('model_queue_depth', 'mock-model'), of('model_queue_depth', 'small')]).toEqual([2, 0]);
    expect(of('model_outstanding_requests', 'mock-model')).toBe(1);
    expect(of('model_saturation_ratio', 'mock-model')).toBe(1);
    expect(of('model_saturation_ratio', 'small')).toBeCloseTo(1 / 3);
    expect(found.get('saturation_ratio')).toBe(0.5);
    callers.abort();
    await Promise.all(asked);
    await idle(balancer);
    found = await scrape(registry);
    expect(of('model_outstanding_requests', 'mock-model')).toBe(0);
    expect(of('model_queue_depth', 'mock-model')).toBe(0);
  });

  it('counts as outstanding what began after the counting, whatever was under way before', async () => {
    await using server = await MockLlmServer.start();
    await using balancer = new LoadBalancer({ endpoints: [{ url: server.url }] });
    server.fault = { kind: 'hang' };
    const ask = (callers: AbortController) =>
      balancer
        .fetch('/v1/chat/completions', {
          method: 'POST',
          body: JSON.stringify({ model: 'mock-model', messages: [] }),
          signal: callers.signal,
        })
        .catch(() => {});
    const [early, late] = [new AbortController(), new AbortController()];
    const before = [ask(early), ask(early)];
    await server.waitFor(({ active }) => active === 2);
    const { registry } = prometheusMetrics(balancer, { prefix: '', models: ['mock-model'] });
    const outstanding = async () =>
      (await scrape(registry)).get('model_outstanding_requests{model="mock-model"}');
    expect(await outstanding()).toBe(0);
    const after = [ask(late), ask(late), ask(late)];
    await server.waitFor(({ active }) => active === 5);
    expect(await outstanding()).toBe(3);
    early.abort();
    await Promise.all(before);
    expect(await outstanding()).toBe(3);
    late.abort();
    await Promise.all(after);
    await idle(balancer);
    expect(await outstanding()).toBe(0);
  });

  it('counts a reserve, and an endpoint that is not ready, neither as a replica nor as room', async () => {
    await using server = await MockLlmServer.start();
    await using balancer = new LoadBalancer({
      endpoints: [
        { url: server.url, id: 'a', maxOutstanding: 2, models: ['small'] },
        { url: server.url, id: 'reserve', maxOutstanding: 6, models: ['small'], standby: true },
        // Nobody listens there, so its health is never good.
        {
          url: 'http://127.0.0.1:9',
          id: 'loads',
          maxOutstanding: 8,
          models: ['small'],
          healthPath: '/health',
        },
      ],
      warmPool: false,
    });
    const { registry } = prometheusMetrics(balancer, { prefix: '', models: ['small'] });
    server.fault = { kind: 'hang' };
    const callers = new AbortController();
    const body = JSON.stringify({ model: 'small', messages: [] });
    const asked = balancer
      .fetch('/v1/chat/completions', { method: 'POST', body, signal: callers.signal })
      .catch(() => {});
    await server.waitFor(({ active }) => active === 1);
    let found = await scrape(registry);
    expect(found.get('active_replicas')).toBe(1);
    expect(found.get('saturation_ratio')).toBe(1 / 2);
    expect(found.get('model_saturation_ratio{model="small"}')).toBe(1 / 2);
    await balancer.activate('reserve');
    found = await scrape(registry);
    expect(found.get('active_replicas')).toBe(2);
    expect(found.get('saturation_ratio')).toBe(1 / 8);
    expect(found.get('model_saturation_ratio{model="small"}')).toBe(1 / 8);
    callers.abort();
    await asked;
  });

  it('counts the requests that waited, and their waiting, by model', async () => {
    await using server = await MockLlmServer.start();
    await using balancer = new LoadBalancer({ endpoints: [{ url: server.url, id: 'a', maxOutstanding: 1 }] });
    const { registry } = prometheusMetrics(balancer, { prefix: '', models: ['mock-model'] });
    const answers = await Promise.all([1, 2, 3].map(() => post(balancer).then((answer) => answer.text())));
    expect(answers).toHaveLength(3);
    const found = await scrape(registry);
    expect(found.get('model_queued_requests_total{model="mock-model"}')).toBe(2);
    expect(found.get('model_queue_wait_seconds_total{model="mock-model"}')).toBeCloseTo(
      found.get('request_queue_wait_seconds_sum') ?? Number.NaN,
    );
  });

  it('has series for the models it is told, one for all others, and none when it is told none', async () => {
    await using server = await MockLlmServer.start();
    await using balancer = new LoadBalancer({ endpoints: [{ url: server.url, id: 'a' }] });
    const told = prometheusMetrics(balancer, { models: ['mine', 'unused'] });
    const silent = prometheusMetrics(balancer);
    for (const model of ['mine', 'theirs', 'hers', '']) await (await post(balancer, { model })).text();
    const labels = async (registry: { metrics(): Promise<string> }) =>
      [...(await scrape(registry)).keys()].flatMap(
        (series) => /model_outstanding_requests\{model="(.*)"\}/.exec(series)?.[1] ?? [],
      );
    expect(await labels(told.registry)).toEqual(['mine', 'unused', 'other', '']);
    expect(await silent.registry.metrics()).not.toMatch(/model="/);
  });

  it('shows the desired replicas of the autoscaler it is given, while they are known', async () => {
    await using balancer = new LoadBalancer({ endpoints: [{ url: 'http://127.0.0.1:9' }] });
    const autoscaler: { desiredReplicas: number | undefined } = { desiredReplicas: undefined };
    const { registry } = prometheusMetrics(balancer, { prefix: '', autoscaler });
    expect((await scrape(registry)).has('desired_replicas')).toBe(false);
    autoscaler.desiredReplicas = 4;
    expect((await scrape(registry)).get('desired_replicas')).toBe(4);
  });

  it('tells balancers apart that share a registry, and takes away what is theirs when they stop', async () => {
    await using server = await MockLlmServer.start();
    const endpoints = [{ url: server.url, id: 'a' }];
    await using chat = new LoadBalancer({ endpoints });
    await using embeddings = new LoadBalancer({ endpoints });
    const registry = new Registry();
    const first = prometheusMetrics(chat, { registry, name: 'chat' });
    const second = prometheusMetrics(embeddings, { registry, name: 'embeddings' });
    await (await post(chat)).text();
    let found = await scrape(registry);
    expect(found.get('evenkeel_http_requests_total{balancer="chat",status="200"}')).toBe(1);
    expect(found.get('evenkeel_attempts_total{balancer="chat",endpoint="a",outcome="success"}')).toBe(1);
    expect(found.get('evenkeel_attempts_total{balancer="embeddings",endpoint="a",outcome="success"}')).toBe(
      0,
    );
    const duration = 'evenkeel_request_duration_seconds_count';
    expect(found.get(`${duration}{balancer="chat",operation="chat"}`)).toBe(1);
    expect(found.get(`${duration}{balancer="embeddings",operation="chat"}`)).toBe(0);
    first.stop();
    first.stop();
    await (await post(chat)).text();
    found = await scrape(registry);
    expect([...found.keys()].filter((series) => series.includes('balancer="chat"'))).toEqual([]);
    expect(found.get('evenkeel_request_queue_depth{balancer="embeddings"}')).toBe(0);
    second.stop();
    expect(registry.getMetricsAsArray()).toEqual([]);
    prometheusMetrics(chat, { registry });
    expect((await scrape(registry)).get('evenkeel_request_queue_depth')).toBe(0);
  });

  it('refuses what would mix two balancers, or hide a metric', async () => {
    await using balancer = new LoadBalancer({ endpoints: [{ url: 'http://127.0.0.1:9' }] });
    const registry = new Registry();
    new Counter({ name: 'http_requests_total', help: 'Mine.', registers: [registry] });
    const refused = (option: string) => expect.objectContaining({ code: 'INVALID_OPTION', option });
    expect(() => prometheusMetrics(balancer, { registry, prefix: '' })).toThrow(refused('options.prefix'));
    expect(registry.getMetricsAsArray()).toHaveLength(1);
    prometheusMetrics(balancer, { registry, name: 'one' });
    expect(() => prometheusMetrics(balancer, { registry, name: 'one' })).toThrow(refused('options.name'));
    expect(() => prometheusMetrics(balancer, { registry })).toThrow(refused('options.name'));
    expect(() => prometheusMetrics(balancer, { prefix: 'my-' })).toThrow(refused('options.prefix'));
    expect(() => prometheusMetrics(balancer, { registry: {} as never })).toThrow(refused('options.registry'));
    expect(() => prometheusMetrics(balancer, { buckets: [] } as never)).toThrow(refused('options.buckets'));
    expect(() => prometheusMetrics(balancer, { models: 'x' as never })).toThrow(refused('options.models'));
    expect(() => prometheusMetrics(balancer, { autoscaler: {} as never })).toThrow(
      refused('options.autoscaler'),
    );
  });

  it('works in a registry that was cleared', async () => {
    await using balancer = new LoadBalancer({ endpoints: [{ url: 'http://127.0.0.1:9', id: 'a' }] });
    const registry = new Registry();
    prometheusMetrics(balancer, { registry });
    registry.clear();
    prometheusMetrics(balancer, { registry });
    expect((await scrape(registry)).get('evenkeel_active_replicas')).toBe(1);
  });
});

describe('exemplars', () => {
  const TRACE = '0af7651916cd43dd8448eb211c80319c';

  function openMetrics() {
    const registry = new Registry<OpenMetricsContentType>();
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
    return registry;
  }

  async function exemplarsOf(options: PrometheusOptions, flags: string): Promise<string[]> {
    await using server = await MockLlmServer.start();
    await using balancer = new LoadBalancer({ endpoints: [{ url: server.url, id: 'a' }] });
    const registry = openMetrics();
    prometheusMetrics(balancer, { registry, ...options });
    const response = await balancer.fetch('/v1/chat/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json', traceparent: `00-${TRACE}-b7ad6b7169203331-${flags}` },
      body: JSON.stringify({ model: 'mock-model', messages: [], stream: true }),
    });
    await response.text();
    const text = await registry.metrics();
    expect(text.endsWith('# EOF\n')).toBe(true);
    return [...text.matchAll(/^(\w+)_bucket\{.*\} 1 # \{(.*)\} [\d.e-]+ [\d.]+$/gm)].map(
      ([, name, labels]) => `${name} ${labels}`,
    );
  }

  it('lead from the buckets of a histogram to the trace of a request', async () => {
    expect(await exemplarsOf({ exemplars: true }, '01')).toEqual([
      `evenkeel_request_duration_seconds trace_id="${TRACE}"`,
      `evenkeel_time_to_first_token_seconds trace_id="${TRACE}"`,
      `evenkeel_time_per_output_token_seconds trace_id="${TRACE}"`,
    ]);
  });

  it('have labels of your own', async () => {
    const exemplars = ({ path }: InferenceRequest) => ({ path });
    expect(await exemplarsOf({ exemplars }, '01')).toContain(
      'evenkeel_request_duration_seconds path="/v1/chat/completions"',
    );
  });

  it('are left out when nobody asked for them, and for traces that are not sampled', async () => {
    expect(await exemplarsOf({}, '01')).toEqual([]);
    expect(await exemplarsOf({ exemplars: true }, '00')).toEqual([]);
  });

  it('are refused where they cannot be shown', async () => {
    await using balancer = new LoadBalancer({ endpoints: [{ url: 'http://127.0.0.1:9' }] });
    const refused = expect.objectContaining({ code: 'INVALID_OPTION', option: 'options.exemplars' });
    expect(() => prometheusMetrics(balancer, { exemplars: true })).toThrow(refused);
    expect(() => prometheusMetrics(balancer, { registry: openMetrics(), exemplars: 'yes' as never })).toThrow(
      refused,
    );
  });
});

describe('metricsHandler', () => {
  it('answers with the registry, in Express, Fastify and on the web', async () => {
    await using balancer = new LoadBalancer({ endpoints: [{ url: 'http://127.0.0.1:9', id: 'a' }] });
    const { registry } = prometheusMetrics(balancer);
    await using site = await Site.open(express().get('/metrics', expressMetrics(registry)));
    const app = fastify();
    app.get('/metrics', fastifyMetrics(registry));
    const web = await webMetrics(registry)();
    const inFastify = await app.inject('/metrics');
    const inExpress = await fetchAll(`${site.url}/metrics`);
    const answers = [
      { type: inExpress.headers['content-type'], text: inExpress.text },
      { type: inFastify.headers['content-type'], text: inFastify.body },
      { type: web.headers.get('content-type'), text: await web.text() },
    ];
    for (const { type, text } of answers) {
      expect(type).toBe('text/plain; version=0.0.4; charset=utf-8');
      expect(samples(text).get('evenkeel_active_replicas')).toBe(1);
    }
  });
});
