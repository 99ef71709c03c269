import { describe, expect, it } from 'vitest';
import { InvalidOptionError } from '../../../src/errors.js';
import { type ConsistentHashOptions, consistentHash } from '../../../src/policies/consistent-hash.js';
import { type FakeEndpoint, fakeEndpoint } from '../../../src/testing/fake-endpoint.js';
import { fakeRequest } from '../../../src/testing/fake-request.js';
import { seededRandom } from '../../../src/testing/seeded-random.js';

const KEYS = 20_000;

function chooser(options?: ConsistentHashOptions) {
  const policy = consistentHash(options);
  const context = { random: seededRandom(1), now: () => 0, report: () => {} };
  return (endpoints: readonly FakeEndpoint[], fields: Parameters<typeof fakeRequest>[0]) =>
    policy.select(endpoints, fakeRequest(fields), context) as FakeEndpoint | undefined;
}

function pool(...weights: number[]): FakeEndpoint[] {
  return weights.map((weight, index) => fakeEndpoint(`e${index}`, { weight }));
}

/** Where each of many keys goes in an idle pool. */
function homes(endpoints: readonly FakeEndpoint[]): string[] {
  const choose = chooser();
  return Array.from(
    { length: KEYS },
    (_, key) => choose(endpoints, { affinityKey: `user-${key}` })?.id ?? 'none',
  );
}

function share(ids: readonly string[], id: string): number {
  return ids.filter((home) => home === id).length / ids.length;
}

describe('consistentHash', () => {
  it('sends a key to the same endpoint each time, in any order of candidates and from any process', () => {
    const forwards = homes(pool(1, 1, 1, 1));
    expect(homes(pool(1, 1, 1, 1).reverse())).toEqual(forwards);
  });

  it('shares keys out by weight', () => {
    const ids = homes(pool(4, 2, 1, 1));
    expect(Math.abs(share(ids, 'e0') - 0.5)).toBeLessThan(0.015);
    expect(Math.abs(share(ids, 'e1') - 0.25)).toBeLessThan(0.015);
    expect(Math.abs(share(ids, 'e2') - 0.125)).toBeLessThan(0.015);
  });

  it('moves only the keys of an endpoint that leaves, and spreads those by weight', () => {
    const all = pool(1, 1, 1, 2);
    const before = homes(all);
    const after = homes(all.filter(({ id }) => id !== 'e1'));
    const orphans = after.filter((home, key) => before[key] === 'e1' && home !== 'e1');
    for (const [key, home] of after.entries()) if (before[key] !== 'e1') expect(home).toBe(before[key]);
    expect(Math.abs(share(orphans, 'e3') - 0.5)).toBeLessThan(0.04);
  });

  it('moves about 1/N of the keys to an endpoint that joins, and no key between the others', () => {
    const before = homes(pool(1, 1, 1, 1));
    const after = homes(pool(1, 1, 1, 1, 1));
    const moved = after.filter((home, key) => home !== before[key]);
    expect(new Set(moved)).toEqual(new Set(['e4']));
    expect(Math.abs(moved.length / KEYS - 0.2)).toBeLessThan(0.015);
  });

  it('moves keys only towards an endpoint whose weight or slow start grows', () => {
    const all = pool(1, 1, 1);
    const [first] = all;
    if (!first) throw new Error('an endpoint is needed');
    first.slowStart = 0.1;
    const slow = homes(all);
    first.slowStart = 1;
    const moved = homes(all).filter((home, key) => home !== slow[key]);
    expect(new Set(moved)).toEqual(new Set(['e0']));
    expect(Math.abs(share(slow, 'e0') - 0.1 / 2.1)).toBeLessThan(0.01);
  });

  it('hashes ids that differ in one character far apart', () => {
    for (const names of [
      ['http://10.0.0.1:8000', 'http://10.0.0.2:8000', 'http://10.0.0.3:8000'],
      ['a', 'b', 'c'],
    ]) {
      const ids = homes(names.map((name) => fakeEndpoint(name)));
      for (const name of names) expect(Math.abs(share(ids, name) - 1 / 3), name).toBeLessThan(0.02);
    }
  });

  it('keeps every endpoint within the bound, whatever the keys', () => {
    const endpoints = pool(3, 1, 1);
    const choose = chooser({ boundedLoad: 1.25 });
    for (let sent = 0; sent < 500; sent++) {
      // Nine of ten requests are of one session.
      const chosen = choose(endpoints, { affinityKey: sent % 10 ? 'hot' : `cold-${sent}` });
      if (!chosen) throw new Error('nothing was chosen');
      chosen.outstanding++;
      expect(chosen.outstanding).toBeLessThanOrEqual(Math.ceil((1.25 * (sent + 1) * chosen.weight) / 5));
    }
  });

  it('case 46: a key whose endpoint is full spills to the same next endpoint each time; keys differ in theirs', () => {
    const choose = chooser();
    const endpoints = pool(1, 1, 1, 1, 1);
    const second = new Map<string, number>();
    for (let key = 0; key < 500; key++) {
      const affinityKey = `user-${key}`;
      const home = choose(endpoints, { affinityKey });
      if (!home) throw new Error('nothing was chosen');
      home.outstanding = 10;
      const spilled = choose(endpoints, { affinityKey })?.id;
      expect(spilled).not.toBe(home.id);
      for (let turn = 0; turn < 3; turn++)
        expect(choose([...endpoints].reverse(), { affinityKey })?.id).toBe(spilled);
      // Where the key would live if its home did not exist: the next in rendezvous order.
      home.outstanding = 0;
      expect(
        choose(
          endpoints.filter((endpoint) => endpoint !== home),
          { affinityKey },
        )?.id,
      ).toBe(spilled);
      if (home.id === 'e0') second.set(spilled ?? 'none', (second.get(spilled ?? 'none') ?? 0) + 1);
    }
    expect(second.size).toBe(4);
  });

  it('case 46: when every endpoint is full the least loaded takes the key', () => {
    const endpoints = [9, 7, 8].map((outstanding, index) =>
      fakeEndpoint(`e${index}`, { outstanding, maxOutstanding: 7 }),
    );
    const choose = chooser();
    for (let key = 0; key < 50; key++)
      expect(choose(endpoints, { affinityKey: `user-${key}` })?.id).toBe('e1');
  });

  it('keeps a key at home up to the bound, which an endpoint that drains does not raise', () => {
    const endpoints = pool(1, 1, 1, 1);
    const choose = chooser();
    const home = choose(endpoints, { affinityKey: 'k' });
    if (!home) throw new Error('nothing was chosen');
    const others = endpoints.filter((endpoint) => endpoint !== home);
    const drained = fakeEndpoint('drained', { weight: 0, outstanding: 100 });
    // ceil(1.25 x (15 + 1) / 4) = 5
    for (const [own, spread, stays] of [
      [4, [3, 4, 4], true],
      [5, [3, 3, 4], false],
    ] as const) {
      home.outstanding = own;
      for (const [index, endpoint] of others.entries()) endpoint.outstanding = spread[index] ?? 0;
      for (const candidates of [endpoints, [...endpoints, drained]])
        expect(choose(candidates, { affinityKey: 'k' }) === home, `${own} there`).toBe(stays);
    }
  });

  it('never spills without a bound', () => {
    const endpoints = pool(1, 1, 1);
    const choose = chooser({ boundedLoad: Number.POSITIVE_INFINITY });
    const home = choose(endpoints, { affinityKey: 'hot' });
    if (!home) throw new Error('nothing was chosen');
    home.outstanding = 10_000;
    expect(choose(endpoints, { affinityKey: 'hot' })).toBe(home);
  });

  it('goes by affinity key, then session header, then address', () => {
    const endpoints = pool(1, 1, 1, 1, 1, 1, 1, 1);
    const choose = chooser();
    const homeOf = (affinityKey: string) => choose(endpoints, { affinityKey });
    for (let turn = 0; turn < 50; turn++) {
      const fields = { headers: { 'x-session-id': `session-${turn}` }, clientAddress: `10.0.0.${turn}` };
      expect(choose(endpoints, { ...fields, affinityKey: `user-${turn}` })).toBe(homeOf(`user-${turn}`));
      expect(choose(endpoints, fields)).toBe(homeOf(`session-${turn}`));
      expect(choose(endpoints, { clientAddress: fields.clientAddress })).toBe(homeOf(fields.clientAddress));
    }
  });

  it('takes its key from where it is told', () => {
    const endpoints = pool(1, 1, 1, 1, 1, 1, 1, 1);
    const fields = { affinityKey: 'a', headers: { 'x-user': 'b' }, clientAddress: 'c', model: 'd' };
    const homeOf = (affinityKey: string) => chooser()(endpoints, { affinityKey });
    expect(chooser({ key: { header: 'X-User' } })(endpoints, fields)).toBe(homeOf('b'));
    expect(chooser({ key: 'client-address' })(endpoints, fields)).toBe(homeOf('c'));
    expect(chooser({ key: ({ model }) => model })(endpoints, fields)).toBe(homeOf('d'));
    expect(new Set(['a', 'b', 'c', 'd'].map(homeOf)).size).toBeGreaterThan(1);
  });

  it('chooses by load when a request has no key, or an empty one', () => {
    const endpoints = pool(1, 1, 1).map((endpoint, index) =>
      fakeEndpoint(endpoint.id, { outstanding: 3 - index }),
    );
    for (const fields of [{}, { affinityKey: '' }, { headers: { 'x-session-id': '' } }])
      expect(chooser()(endpoints, fields)?.id).toBe('e2');
  });

  it('explains draws and limits', () => {
    const endpoints = pool(1, 1);
    const explained = consistentHash().explain?.(endpoints, fakeRequest({ affinityKey: 'k' })) ?? [];
    const home = chooser()(endpoints, { affinityKey: 'k' })?.id;
    const best = [...explained].sort((a, b) => b.score - a.score)[0];
    expect(best?.endpoint).toBe(home);
    expect(best?.terms).toEqual({ outstanding: 0, limit: 1 });
  });

  it('explains a limit of 0 where no weight is, also without a bound', () => {
    const request = fakeRequest({ affinityKey: 'k' });
    for (const boundedLoad of [1.25, Number.POSITIVE_INFINITY])
      for (const endpoints of [pool(0), pool(0, 1)])
        expect(consistentHash({ boundedLoad }).explain?.(endpoints, request)[0]).toEqual({
          endpoint: 'e0',
          score: 0,
          terms: { outstanding: 0, limit: 0 },
        });
  });

  it('explains by load where a request has no key', () => {
    const endpoints = [fakeEndpoint('busy', { outstanding: 3 }), fakeEndpoint('idle')];
    expect(consistentHash().explain?.(endpoints, fakeRequest())).toEqual([
      { endpoint: 'busy', score: 4 },
      { endpoint: 'idle', score: 1 },
    ]);
  });

  it('refuses a bound below 1 and a key it cannot read', () => {
    const refuses = (options: object, option: string, rule: string) =>
      expect(() => consistentHash(options)).toThrow(
        expect.objectContaining({ constructor: InvalidOptionError, option, rule }),
      );
    for (const boundedLoad of [0.9, Number.NaN, -1])
      refuses({ boundedLoad }, 'consistentHash.boundedLoad', 'must be a finite number, at least 1');
    for (const key of ['header', { header: '' }, { header: 7 }, 7, null])
      refuses(
        { key },
        'consistentHash.key',
        "must be 'client-address', { header: name } or a function of the request",
      );
    refuses({ keys: 1 }, 'consistentHash.keys', 'is not known (known: key, boundedLoad)');
  });
});
