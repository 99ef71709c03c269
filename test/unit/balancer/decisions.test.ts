import { LoadBalancer, roundRobin, type SelectionPolicy } from 'evenkeel';
import { MockLlmServer } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';
import type { SelectionDecision } from '../../../src/core/decision.js';
import type { InferenceRequest } from '../../../src/core/inference-request.js';
import { Lease } from '../../../src/state/lease.js';
import { fakeRequest } from '../../../src/testing/fake-request.js';
import { engineRig } from '../../support/engine-rig.js';

const endpoints = ['a', 'b', 'c'].map((id) => ({ url: `http://${id}.test`, id, maxOutstanding: 2 }));

const ASKED = { method: 'POST', body: JSON.stringify({ model: 'mock-model', messages: [] }) };

describe('a decision that is asked for', () => {
  it('is told once, with the figures the policy had before it chose', () => {
    const { engine, get } = engineRig({ endpoints });
    get('a').outstanding = 1;
    get('b').outstanding = 2;
    const decisions: SelectionDecision[] = [];
    engine.decisions.next((decision) => decisions.push(decision));
    const request: InferenceRequest = fakeRequest({ model: 'llama', promptTokens: 7 });
    expect(engine.place(request, undefined)).toBeInstanceOf(Lease);
    engine.place(request, undefined);
    expect(decisions).toEqual([
      {
        policy: 'least-outstanding',
        choice: 'c',
        candidates: ['a', 'c'],
        scores: [
          { endpoint: 'a', score: 2 },
          { endpoint: 'c', score: 1 },
        ],
        exclusions: [{ endpoint: 'b', reason: 'full' }],
        availability: 'ready',
        model: 'llama',
        streaming: request.streaming,
        promptTokens: 7,
        attempt: 1,
      },
    ]);
  });

  it('takes no turn of the policy: requests go where they would have gone', () => {
    const turns = (asking: boolean): string[] => {
      const { engine } = engineRig({ endpoints, policy: roundRobin() });
      return Array.from({ length: 6 }, () => {
        if (asking) engine.decisions.next(() => {});
        const placed = engine.place(fakeRequest(), undefined);
        return placed instanceof Lease ? placed.endpoint.id : placed.kind;
      });
    };
    expect(turns(true)).toEqual(turns(false));
  });

  it('costs no request when the explanation or the listener throws', () => {
    const policy: SelectionPolicy = {
      name: 'broken',
      select: (candidates) => candidates[1],
      explain: () => {
        throw new Error('no idea');
      },
    };
    const { engine } = engineRig({ endpoints, policy });
    const heard: SelectionDecision[] = [];
    engine.decisions.next(() => {
      throw new Error('not listening');
    });
    engine.decisions.next((decision) => heard.push(decision));
    expect(engine.place(fakeRequest(), undefined)).toBeInstanceOf(Lease);
    expect(heard).toMatchObject([{ choice: 'b', scores: [] }]);
  });

  it('is not told any more when it was called off', () => {
    const { engine } = engineRig({ endpoints });
    const stop = engine.decisions.next(() => expect.unreachable());
    stop();
    expect(engine.decisions.wanted).toBe(false);
    engine.place(fakeRequest(), undefined);
  });

  it('comes from a balancer by explainNext', async () => {
    await using server = await MockLlmServer.start();
    await using balancer = new LoadBalancer({ endpoints: [{ url: server.url, id: 'one' }] });
    const decisions: SelectionDecision[] = [];
    balancer.explainNext((decision) => decisions.push(decision));
    await (await balancer.fetch('/v1/models')).text();
    await (await balancer.fetch('/v1/models')).text();
    expect(decisions.map(({ choice }) => choice)).toEqual(['one']);
  });
});

describe('an endpoint that drains', () => {
  it('takes requests again when it is activated', async () => {
    await using balancer = new LoadBalancer({ endpoints: [{ url: 'http://127.0.0.1:9', id: 'one' }] });
    await balancer.drain('one');
    expect(balancer.endpoints[0]?.state).toBe('draining');
    await balancer.activate('one');
    expect(balancer.endpoints[0]).toMatchObject({ state: 'healthy', available: true });
  });
});

describe('the snapshot', () => {
  it('tells how long a breaker stays open, and how long an endpoint cools off', async () => {
    await using failing = await MockLlmServer.start();
    await using busy = await MockLlmServer.start();
    failing.fault = { kind: 'status', status: 500 };
    busy.fault = { kind: 'status', status: 429, headers: { 'retry-after': '30' } };
    await using balancer = new LoadBalancer({
      endpoints: [
        { url: failing.url, id: 'failing' },
        { url: busy.url, id: 'busy' },
        { url: 'http://127.0.0.1:9', id: 'idle', weight: 0 },
      ],
      breaker: { consecutiveFailures: 1, openFor: 20_000 },
      retry: false,
    });
    for (const endpoint of ['failing', 'busy'])
      await (
        await balancer.fetch('/v1/chat/completions', { ...ASKED, evenkeel: { endpoints: [endpoint] } })
      ).text();
    const [first, second, third] = balancer.snapshot().endpoints;
    expect(first).toMatchObject({ state: 'open', reopensIn: expect.any(Number), coolsOffFor: undefined });
    expect(second).toMatchObject({
      state: 'cooling-off',
      coolsOffFor: expect.any(Number),
      reopensIn: undefined,
    });
    expect(second?.coolsOffFor).toBeGreaterThan(0);
    expect(second?.coolsOffFor).toBeLessThanOrEqual(30_000);
    expect(third).toMatchObject({ reopensIn: undefined, coolsOffFor: undefined });
  });
});

it('tells a policy for which attempt it chooses, 1 for the first', async () => {
  await using bad = await MockLlmServer.start();
  await using good = await MockLlmServer.start();
  bad.fault = { kind: 'status', status: 500 };
  const seen: number[] = [];
  const policy: SelectionPolicy = {
    name: 'in order',
    select(candidates, request) {
      seen.push(request.attempt);
      return candidates[0];
    },
  };
  await using balancer = new LoadBalancer({ endpoints: [{ url: bad.url }, { url: good.url }], policy });
  const response = await balancer.fetch('/v1/chat/completions', ASKED);
  expect([response.status, response.headers.get('x-evenkeel-attempts')]).toEqual([200, '2']);
  expect(seen).toEqual([1, 2]);
});
