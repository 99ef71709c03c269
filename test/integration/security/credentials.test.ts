import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { inspect } from 'node:util';
import {
  type BalancerEvent,
  consistentHash,
  InvalidOptionError,
  LoadBalancer,
  type LoadBalancerOptions,
} from 'evenkeel';
import { prometheusMetrics } from 'evenkeel/prometheus';
import { manualClock } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';
import { beginStream, FacadeRig, json } from '../../support/facade-rig.js';
import { SERVED_FACADES } from '../../support/served-facades.js';

/** Secrets planted where secrets stand. Nothing that comes out may hold one. */
const CANARY = {
  prompt: 'canary-prompt',
  answer: 'canary-answer',
  callerKey: 'canary-caller-key',
  cookie: 'canary-cookie',
  endpointKey: 'canary-endpoint-key',
  query: 'canary-query',
  policyData: 'canary-policy-data',
};

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
  const logged: unknown[] = [];
  const log = (fields: object, message: string) => logged.push([fields, message]);
  const events: BalancerEvent[] = [];
  const published: unknown[] = [];
  const listen = (message: unknown) => published.push(message);
  await using balancer = new LoadBalancer({
    endpoints: [
      {
        url: rig.balancer.endpoints[0]?.url ?? '',
        id: 'a',
        headers: { 'x-api-key': CANARY.endpointKey },
        models: { m: 'served' },
      },
    ],
    retry: { attempts: 2, backoff: { base: 0, cap: 0 } },
    breaker: { consecutiveFailures: 2 },
    timeouts: { idle: 50 },
    affinityKey: ({ headers }) => headers.authorization,
    policy: consistentHash(),
    logger: { debug: log, info: log, warn: log, error: log },
  });
  const stop = balancer.observe((event) => {
    events.push(event);
    // An observer that fails is logged; the event must not be.
    throw new Error('an observer of the user');
  });
  const metrics = prometheusMetrics(balancer);
  const channels = ['request-started', 'request-finished', 'attempt-settled', 'retry', 'request-shed'];
  for (const name of channels) subscribe(`evenkeel:${name}`, listen);
  try {
    await act(balancer, rig);
    const told = {
      logged,
      events,
      published,
      metrics: await metrics.registry.metrics(),
      snapshot: balancer.snapshot(),
      explained: balancer.explain({
        model: 'm',
        path: `/v1/x?key=${CANARY.query}`,
        headers: { authorization: CANARY.callerKey },
      }),
      endpoints: balancer.endpoints,
      balancer,
    };
    expect(events.length).toBeGreaterThan(1);
    expect(published.length).toBeGreaterThan(0);
    expect(logged.length).toBeGreaterThan(0);
    return told;
  } finally {
    for (const name of channels) unsubscribe(`evenkeel:${name}`, listen);
    stop();
    metrics.stop();
  }
}

function ask(balancer: LoadBalancer, stream = false, model = 'm'): Promise<Response> {
  return balancer.fetch(`/v1/chat/completions?key=${CANARY.query}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${CANARY.callerKey}`,
      cookie: `session=${CANARY.cookie}`,
    },
    body: JSON.stringify({ model, stream, messages: [{ role: 'user', content: CANARY.prompt }] }),
    evenkeel: { policyData: { note: CANARY.policyData } },
  });
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
