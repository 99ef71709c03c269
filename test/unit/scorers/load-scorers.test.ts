import { describe, expect, it } from 'vitest';
import type { LoadReadings, LoadReport } from '../../../src/core/load-report.js';
import type { SelectionContext } from '../../../src/core/policy.js';
import { InvalidOptionError } from '../../../src/errors.js';
import { freshness } from '../../../src/filters/freshness.js';
import { adapterAffinity } from '../../../src/scorers/adapter-affinity.js';
import { gpuUtilization } from '../../../src/scorers/gpu-utilization.js';
import { kvCache } from '../../../src/scorers/kv-cache.js';
import { outstanding } from '../../../src/scorers/outstanding.js';
import { pendingPrefill } from '../../../src/scorers/pending-prefill.js';
import { queueDepth } from '../../../src/scorers/queue-depth.js';
import { session } from '../../../src/scorers/session.js';
import { fakeEndpoint } from '../../../src/testing/fake-endpoint.js';
import { fakeRequest } from '../../../src/testing/fake-request.js';

const request = fakeRequest();
const load = (readings: LoadReadings, ownOutstanding = 0, observedAt = 0): LoadReport => ({
  ...readings,
  ownOutstanding,
  observedAt,
});
const at = (time: number): SelectionContext => ({ random: () => 0.5, now: () => time, report: () => {} });

describe('outstanding, where the engines tell their load', () => {
  const others = fakeEndpoint('others', { load: load({ running: 4, waiting: 2 }, 0) });
  const idle = fakeEndpoint('idle', { load: load({ running: 0, waiting: 0 }, 0) });

  it('counts other clients’ requests beside its own', () => {
    const own = fakeEndpoint('own', { outstanding: 2, load: load({ running: 2, waiting: 0 }, 2) });
    expect(outstanding().score([others, own, idle], request, at(0))).toEqual([1 / 7, 1 / 3, 1]);
  });

  it('trusts what it was told of others the less, the older it is', () => {
    const [fresh = 0] = outstanding().score([others, idle], request, at(0));
    const [older = 0] = outstanding().score([others, idle], request, at(500));
    const [old = 0] = outstanding().score([others, idle], request, at(60_000));
    expect([fresh < older, older < old]).toEqual([true, true]);
    expect(old).toBeCloseTo(1, 9);
  });

  it('counts its own alone while one endpoint has no reading', () => {
    const unknown = fakeEndpoint('unknown', { outstanding: 1 });
    expect(outstanding().score([others, unknown], request, at(0))).toEqual([1, 0.5]);
  });
});

describe('pendingPrefill', () => {
  const endpoint = (id: string, pendingPrompt: number, prefillRate?: number) =>
    fakeEndpoint(id, { pendingPrompt, prefillRate });
  const prompt = fakeRequest({ promptTokens: 1_000 });

  it('rates by the time until the prompt is read', () => {
    const candidates = [endpoint('fast', 9_000, 10_000), endpoint('slow', 1_000, 1_000)];
    expect(pendingPrefill().score(candidates, prompt)).toEqual([1, 1.05 / 2.05]);
  });

  it('does not tell 1 ms from 10 ms, which nobody sees', () => {
    const candidates = [endpoint('a', 0, 1_000_000), endpoint('b', 0, 100_000)];
    const [, slower = 0] = pendingPrefill().score(candidates, prompt);
    expect(slower).toBeGreaterThan(0.8);
  });

  it('says unknown for an endpoint whose rate has not been learnt', () => {
    expect(pendingPrefill().score([endpoint('a', 0, 1_000), endpoint('b', 0)], prompt)).toEqual([
      1,
      undefined,
    ]);
  });

  it('does not count what the endpoint has in its cache', () => {
    const cached = pendingPrefill({ cached: ({ id }) => (id === 'warm' ? 950 : 0) });
    const candidates = [endpoint('warm', 0, 1_000), endpoint('cold', 0, 1_000)];
    expect(cached.score(candidates, prompt)).toEqual([1, 0.1 / 1.05]);
  });

  it('refuses a `cached` that is no function', () => {
    expect(() => pendingPrefill({ cached: 3 as never })).toThrow(InvalidOptionError);
  });
});

describe('queueDepth', () => {
  const endpoint = (id: string, readings: LoadReadings, own = 0, outstandingNow = own) =>
    fakeEndpoint(id, { outstanding: outstandingNow, load: load(readings, own) });

  it('rates by the ratio to the shortest queue', () => {
    const candidates = [0, 1, 9].map((waiting) => endpoint(`e${waiting}`, { waiting }));
    expect(queueDepth().score(candidates, request)).toEqual([1, 0.5, 0.1]);
  });

  it('counts its own requests since the reading as waiting, where some wait already', () => {
    const queued = endpoint('queued', { waiting: 1 }, 2, 4);
    const empty = endpoint('empty', { waiting: 0 }, 2, 4);
    expect(queueDepth().score([queued, empty], request)).toEqual([0.25, 1]);
  });

  it('forgets a queue with the age of the reading, a short one sooner than a long one', () => {
    const candidates = [0, 4, 100].map((waiting) => endpoint(`e${waiting}`, { waiting }));
    const [, short = 0, long = 0] = queueDepth().score(candidates, request, at(500));
    expect(short).toBeGreaterThan(0.99);
    expect(long).toBeCloseTo(1 / (1 + 100 * Math.exp(-0.5)), 9);
  });

  it('says unknown for an endpoint that does not tell, and rates one that sleeps worst', () => {
    const candidates = [endpoint('told', { waiting: 4 }), endpoint('asleep', { waiting: 0, asleep: true })];
    expect(queueDepth().score([...candidates, fakeEndpoint('mute')], request)).toEqual([0.2, 0, undefined]);
  });
});

describe('kvCache and gpuUtilization', () => {
  const busy = fakeEndpoint('busy', { load: load({ kvCacheUsage: 0.95, gpuUtilization: 1 }) });
  const idle = fakeEndpoint('idle', { load: load({ kvCacheUsage: 0.25, gpuUtilization: 0.5 }) });
  const asleep = fakeEndpoint('asleep', { load: load({ kvCacheUsage: 0, asleep: true }) });

  it('rate by what is free: of a cache, once it is nearly full', () => {
    const half = fakeEndpoint('half', { load: load({ kvCacheUsage: 0.5 }) });
    const [nearlyFull, empty, halfFull] = kvCache().score([busy, idle, half], request);
    expect(nearlyFull).toBeCloseTo(0.25, 9);
    expect([empty, halfFull]).toEqual([1, 1]);
    expect(gpuUtilization().score([busy, idle], request)).toEqual([0, 0.5]);
  });

  it('say unknown for an endpoint that does not tell, and do not take sleep for room', () => {
    const [, ...rest] = kvCache().score([busy, asleep, fakeEndpoint('mute')], request);
    expect(rest).toEqual([0, undefined]);
    expect(gpuUtilization().score([busy, asleep], request)).toEqual([0, undefined]);
  });
});

describe('adapterAffinity', () => {
  const tuned = fakeRequest({ model: 'tuned' });
  const endpoint = (id: string, readings: LoadReadings) => fakeEndpoint(id, { load: load(readings) });

  it('prefers where the adapter runs, then where it fits, then where it is waited for', () => {
    const candidates = [
      endpoint('runs', { adapters: ['other', 'tuned'], waitingAdapters: [], maxAdapters: 2 }),
      endpoint('fits', { adapters: ['other'], waitingAdapters: [], maxAdapters: 2 }),
      endpoint('waits', { adapters: ['other'], waitingAdapters: ['tuned'], maxAdapters: 1 }),
      endpoint('full', { adapters: ['other'], waitingAdapters: [], maxAdapters: 1 }),
    ];
    expect(adapterAffinity().score(candidates, tuned)).toEqual([1, 0.8, 0.6, 0]);
  });

  it('goes by the name under which the endpoint serves it', () => {
    const renamed = fakeEndpoint('renamed', {
      load: load({ adapters: ['lora-7'] }),
      servedModel: () => 'lora-7',
    });
    expect(adapterAffinity().score([renamed], tuned)).toEqual([1]);
  });

  it('has no opinion on base models, on requests without a model, and on endpoints that do not tell', () => {
    const told = endpoint('told', { adapters: [] });
    expect(adapterAffinity({ base: ['tuned'] }).score([told], tuned)).toEqual([undefined]);
    expect(adapterAffinity().score([told], fakeRequest({ model: undefined }))).toEqual([undefined]);
    expect(adapterAffinity().score([fakeEndpoint('mute')], tuned)).toEqual([undefined]);
  });

  it('refuses a `base` that is no list of names', () => {
    expect(() => adapterAffinity({ base: 'm' as never })).toThrow(InvalidOptionError);
  });
});

describe('session', () => {
  const candidates = ['a', 'b', 'c'].map((id) => fakeEndpoint(id));
  const rank = (key: string | undefined, among = candidates) =>
    session().score(among, fakeRequest({ affinityKey: key }));

  it('ranks the endpoints for each key, always in the same way', () => {
    for (let key = 0; key < 50; key++) {
      const ratings = rank(`key-${key}`);
      expect([...ratings].sort()).toEqual([1 / 3, 1 / 2, 1]);
      expect(
        rank(
          `key-${key}`,
          candidates.map(({ id }) => fakeEndpoint(id)),
        ),
      ).toEqual(ratings);
    }
  });

  it('spreads keys over the endpoints, and moves only those of one that is gone', () => {
    const first = (key: number, among = candidates) => among[rank(`key-${key}`, among).indexOf(1)]?.id;
    const homes = Array.from({ length: 300 }, (_, key) => first(key));
    for (const id of ['a', 'b', 'c']) {
      const count = homes.filter((home) => home === id).length;
      expect(count).toBeGreaterThan(70);
      expect(count).toBeLessThan(130);
    }
    const rest = candidates.slice(0, 2);
    for (const [key, home] of homes.entries()) if (home !== 'c') expect(first(key, rest)).toBe(home);
  });

  it('goes by the affinity key, the session header, the caller, or what it is told', () => {
    const same = session().score(candidates, fakeRequest({ affinityKey: 'k' }));
    for (const fields of [{ headers: { 'x-session-id': 'k' } }, { clientAddress: 'k' }])
      expect(session().score(candidates, fakeRequest(fields))).toEqual(same);
    expect(session({ key: () => 'k' }).score(candidates, request)).toEqual(same);
    expect(rank(undefined)).toEqual([undefined, undefined, undefined]);
    expect(() => session({ key: 'k' as never })).toThrow(InvalidOptionError);
  });
});

describe('the freshness filter', () => {
  const read = (id: string, observedAt: number) => fakeEndpoint(id, { load: load({}, 0, observedAt) });
  const candidates = [read('new', 9_000), read('old', 1_000), fakeEndpoint('mute')];
  const ids = (maxAge?: number, among = candidates) =>
    freshness({ maxAge })
      .keep(among, request, at(10_000))
      .map(({ id }) => id);

  it('keeps endpoints whose readings are no older than asked for, or there at all', () => {
    expect(ids(5_000)).toEqual(['new']);
    expect(ids()).toEqual(['new', 'old']);
  });

  it('keeps all when none is left', () => {
    expect(ids(500)).toEqual(['new', 'old', 'mute']);
    expect(ids(undefined, candidates.slice(2))).toEqual(['mute']);
  });

  it('refuses an age of 0', () => {
    expect(() => freshness({ maxAge: 0 })).toThrow(InvalidOptionError);
  });
});
