import { prometheusMetrics } from 'evenkeel/prometheus';
import { describe, expect, it } from 'vitest';
import { type EndpointScorer, LoadBalancer, type SelectionPolicy, scored } from '../../src/index.js';
import { vllm } from '../../src/signals/vllm.js';
import { MockLlmServer } from '../../src/testing/index.js';
import { CHAT, chat, Fleet } from '../support/fleet.js';

/** Read once, and good for a quarter of a minute: however slow the machine is. */
const metrics = { parser: vllm(), interval: 5_000 };

/** A server that others keep busy, one that is idle, and a balancer over both. */
async function unevenPair(policy?: SelectionPolicy) {
  const busy = await MockLlmServer.start({ tokens: 10_000, service: { slots: 2, stepTime: 5 } });
  const idle = await MockLlmServer.start();
  const others = new AbortController();
  const calls = Array.from({ length: 6 }, () =>
    fetch(`${busy.url}${CHAT}`, { ...chat(true), signal: others.signal }).catch(() => {}),
  );
  await busy.waitFor(({ active }) => active === 6);
  const balancer = new LoadBalancer({
    endpoints: [
      { url: busy.url, id: 'busy', metrics },
      { url: idle.url, id: 'idle', metrics },
    ],
    policy,
  });
  await new Promise<void>((resolve) => {
    balancer.observe(() => {
      if (balancer.endpoints.every(({ load }) => load !== undefined)) resolve();
    });
  });
  return {
    balancer,
    /** Nothing is left open on either server. */
    async [Symbol.asyncDispose]() {
      await balancer.close();
      await idle.waitFor(({ connections }) => connections === 0);
      others.abort();
      await Promise.all(calls);
      await Promise.all([busy.kill(), idle.kill()]);
    },
  };
}

describe('A balancer that reads its servers’ metrics', () => {
  it('sees what other clients do, and shows it', async () => {
    await using pair = await unevenPair();
    expect(pair.balancer.endpoints.map(({ load }) => load)).toMatchObject([
      { running: 2, waiting: 4, ownOutstanding: 0 },
      { running: 0, waiting: 0, ownOutstanding: 0 },
    ]);
    const { registry } = prometheusMetrics(pair.balancer, { prefix: '' });
    const page = await registry.metrics();
    expect(page).toContain('endpoint_requests_waiting{endpoint="busy"} 4\n');
    expect(page).toContain('endpoint_kv_cache_usage_ratio{endpoint="idle"} 0\n');
    expect(page).toContain('# TYPE endpoint_gpu_utilization_ratio gauge\n');
    expect(page).not.toContain('endpoint_gpu_utilization_ratio{');
  });

  it('sends its requests where others have none, with the scorers that it has by default', async () => {
    await using pair = await unevenPair(scored());
    for (let turn = 0; turn < 5; turn++) {
      const answer = await pair.balancer.fetch(CHAT, chat(true));
      expect(answer.headers.get('x-evenkeel-endpoint')).toBe('idle');
      await answer.text();
    }
  });
});

describe('A conversation', () => {
  it('stays where its beginning is cached, with the scorers that are there by default', async () => {
    await using fleet = await Fleet.start({ servers: [{}, {}, {}], policy: scored() });
    const homes = new Set<string | null>();
    for (let turn = 1; turn <= 6; turn++) {
      const messages = Array.from({ length: turn }, (_, index) => ({
        role: index % 2 === 0 ? 'user' : 'assistant',
        content: `${index} is said here. `.repeat(100),
      }));
      const answer = await fleet.balancer.fetch(CHAT, chat(true, { messages }));
      homes.add(answer.headers.get('x-evenkeel-endpoint'));
      await answer.text();
    }
    expect(homes.size).toBe(1);
    await fleet.settled();
  });
});

describe('A user’s scorer', () => {
  const broken: readonly [string, EndpointScorer, RegExp][] = [
    [
      'throws',
      () => {
        throw new Error('no GPU figures');
      },
      /no GPU figures/,
    ],
    ['gives NaN', () => Number.NaN, /NaN/],
    ['gives a promise', (() => Promise.resolve(1)) as unknown as EndpointScorer, /object/],
    [
      'takes long',
      () => {
        const until = performance.now() + 15;
        while (performance.now() < until);
        return 1;
      },
      /took \d+ ms/,
    ],
  ];

  it.each(broken)('that %s costs no request and is reported once', async (_, scorer, problem) => {
    await using fleet = await Fleet.start({ policy: scored({ scorers: [scorer] }) });
    for (let turn = 0; turn < 5; turn++) {
      const answer = await fleet.balancer.fetch(CHAT, chat(true));
      expect(answer.status).toBe(200);
      await answer.text();
    }
    const reports = fleet.of('scorer-failed');
    expect(reports).toHaveLength(1);
    expect(reports[0]?.problem).toMatch(problem);
    expect(fleet.of('policy-failed')).toEqual([]);
    await fleet.settled();
  });
});

describe('The prompt of a request', () => {
  it('counts as pending until its first token, without what the policy knows to be cached', async () => {
    const pending: number[] = [];
    const policy = { ...scored(), promptWork: () => 25 };
    await using fleet = await Fleet.start({ servers: [{}], policy, estimateTokens: () => 100 });
    const { balancer } = fleet;
    balancer.observe(({ type }) => {
      if (type === 'attempt-started') pending.push(balancer.endpoints[0]?.pendingPrompt ?? Number.NaN);
    });
    await (await balancer.fetch(CHAT, chat(true))).text();
    for (const nonsense of [-1, Number.NaN, 1_000]) {
      policy.promptWork = () => nonsense;
      await (await balancer.fetch(CHAT, chat(true))).text();
    }
    policy.promptWork = () => {
      throw new Error('no idea');
    };
    await (await balancer.fetch(CHAT, chat(true))).text();
    expect(pending).toEqual([25, 100, 100, 100, 100]);
    expect(balancer.snapshot().endpoints[0]?.pendingPrompt).toBe(0);
    await fleet.settled();
  });

  it('is read on request, and forgotten with the body when the request is over', async () => {
    const seen: { promptBlocks?(): readonly number[] }[] = [];
    const counts: number[] = [];
    const policy = {
      name: 'first',
      select: (candidates: readonly LoadBalancer['endpoints'][number][], request: (typeof seen)[number]) => {
        seen.push(request);
        if (seen.length === 1) counts.push(request.promptBlocks?.().length ?? -1);
        return candidates[0];
      },
    };
    await using fleet = await Fleet.start({ servers: [{}], policy });
    const messages = [{ role: 'user', content: 'x'.repeat(2_000) }];
    for (let turn = 0; turn < 2; turn++)
      await (await fleet.balancer.fetch(CHAT, chat(true, { messages }))).text();
    await fleet.until(() => fleet.of('request-finished').length === 2);
    expect(counts).toEqual([3]);
    expect(seen.map((request) => request.promptBlocks?.().length)).toEqual([3, 0]);
    await fleet.settled();
  });
});
