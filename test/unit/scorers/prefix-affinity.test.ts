import { describe, expect, it } from 'vitest';
import { PrefixIndex } from '../../../src/core/prefix-index.js';
import { InvalidOptionError } from '../../../src/errors.js';
import { prefixAffinity } from '../../../src/scorers/prefix-affinity.js';
import { fakeEndpoint } from '../../../src/testing/fake-endpoint.js';
import { fakeRequest } from '../../../src/testing/fake-request.js';

const chain = (name: number, length: number) => Array.from({ length }, (_, index) => name * 10_000 + index);
const ask = (blocks: readonly number[], promptTokens = blocks.length * 100) =>
  fakeRequest({ promptTokens, promptBlocks: () => blocks });

describe('prefixAffinity', () => {
  const setUp = () => ({ scorer: prefixAffinity(), a: fakeEndpoint('a'), b: fakeEndpoint('b') });

  it('rates by the part of the prompt that was sent there before', () => {
    const { scorer, a, b } = setUp();
    scorer.picked?.(a, ask(chain(1, 6)));
    expect(scorer.score([a, b], ask([...chain(1, 6), 7, 8]))).toEqual([0.75, 0]);
    expect(scorer.score([a, b], ask(chain(2, 6)))).toEqual([0, 0]);
  });

  it('has no opinion on a request without prompt blocks, and remembers nothing of it', () => {
    const { scorer, a, b } = setUp();
    for (const request of [ask([]), fakeRequest()]) {
      scorer.picked?.(a, request);
      expect(scorer.score([a, b], request)).toEqual([undefined, undefined]);
      expect(scorer.cached(a, request)).toBe(0);
    }
  });

  it('tells how many tokens are cached, of the request just picked as it was before', () => {
    const { scorer, a, b } = setUp();
    scorer.picked?.(a, ask(chain(1, 4)));
    const longer = ask([...chain(1, 4), ...chain(2, 4)], 1_000);
    expect([scorer.cached(a, longer), scorer.cached(b, longer)]).toEqual([500, 0]);
    scorer.picked?.(a, longer);
    expect(scorer.cached(a, longer)).toBe(500);
    expect(scorer.cached(a, ask([...chain(1, 4), ...chain(2, 4)], 1_000))).toBe(1_000);
  });

  it('does not count a beginning that everybody has: no herd behind one system prompt', () => {
    const { scorer } = setUp();
    const endpoints = Array.from({ length: 4 }, (_, index) => fakeEndpoint(`e${index}`));
    const counts = new Map<string, number>();
    for (let turn = 0; turn < 400; turn++) {
      const request = ask([...chain(0, 3), ...chain(turn + 1, 5)]);
      const ratings = scorer.score(endpoints, request);
      const best = Math.max(...ratings.map((rating) => rating ?? 0));
      const able = endpoints.filter((_, index) => (ratings[index] ?? 0) === best);
      const chosen = able[turn % able.length];
      if (chosen === undefined) throw new Error('nobody');
      scorer.picked?.(chosen, request);
      counts.set(chosen.id, (counts.get(chosen.id) ?? 0) + 1);
    }
    for (const { id } of endpoints) expect(counts.get(id)).toBeGreaterThan(70);
  });

  it('still tells conversations apart behind a beginning that all of them share', () => {
    const { scorer, a, b } = setUp();
    for (let turn = 0; turn < 100; turn++) {
      const other = ask([...chain(0, 2), ...chain(turn + 5, 4)]);
      scorer.score([a, b], other);
      scorer.picked?.(b, other);
    }
    scorer.picked?.(a, ask([...chain(0, 2), ...chain(1, 4)]));
    expect(scorer.score([a, b], ask([...chain(0, 2), ...chain(1, 4)]))).toEqual([1, 0]);
  });

  it('gives up on an endpoint with too many requests for its cache to be worth it', () => {
    const { scorer, a, b } = setUp();
    scorer.picked?.(a, ask(chain(1, 4)));
    const rated = (outstanding: number) => {
      a.outstanding = outstanding;
      return scorer.score([a, b], ask(chain(1, 4)))[0];
    };
    // The least loaded has (0 + 1) / 1; twice that and 4 more are 6.
    expect([rated(5), rated(6)]).toEqual([1, 0]);
    const unguarded = prefixAffinity({ guard: Number.POSITIVE_INFINITY });
    unguarded.picked?.(a, ask(chain(1, 4)));
    expect(unguarded.score([a, b], ask(chain(1, 4)))).toEqual([1, 0]);
  });

  it('keeps the endpoints of different balancers apart', () => {
    const { scorer, a } = setUp();
    scorer.picked?.(a, ask(chain(1, 4)));
    expect(scorer.score([fakeEndpoint('a')], ask(chain(1, 4)))).toEqual([0]);
  });

  it('refuses a guard below 1', () => {
    expect(() => prefixAffinity({ guard: 0.5 })).toThrow(InvalidOptionError);
  });
});

describe('PrefixIndex', () => {
  it('finds how much of a prompt is held, for every length', () => {
    const index = new PrefixIndex();
    const endpoint = fakeEndpoint('a');
    const held = chain(1, 37);
    index.add(endpoint, held, 100);
    for (let length = 0; length <= 37; length++) {
      expect(index.matched(endpoint, [...held.slice(0, length), -1, -2])).toBe(length);
      expect(index.matched(endpoint, held.slice(0, length))).toBe(length);
    }
  });

  it('holds as many tokens as the endpoint’s cache, and forgets the ends of the oldest prompts first', () => {
    const index = new PrefixIndex();
    const endpoint = fakeEndpoint('a', {
      load: { observedAt: 0, ownOutstanding: 0, kvCacheTokens: 1_000 },
    });
    index.add(endpoint, chain(1, 5), 100);
    index.add(endpoint, chain(2, 4), 100);
    index.add(endpoint, chain(3, 4), 100);
    expect([1, 2, 3].map((name) => index.matched(endpoint, chain(name, 5)))).toEqual([2, 4, 4]);
    index.add(endpoint, chain(1, 5), 100);
    expect([1, 2, 3].map((name) => index.matched(endpoint, chain(name, 5)))).toEqual([5, 1, 4]);
  });

  it('holds 4 000 000 tokens of an endpoint that does not tell, and never more than 32 768 blocks', () => {
    const index = new PrefixIndex();
    const endpoint = fakeEndpoint('a');
    for (let name = 0; name < 50; name++) index.add(endpoint, chain(name, 100), 1_000);
    expect(index.matched(endpoint, chain(9, 100))).toBe(0);
    expect(index.matched(endpoint, chain(10, 100))).toBe(100);
    for (let name = 100; name < 500; name++) index.add(endpoint, chain(name, 100), 1);
    const held = Array.from({ length: 500 }, (_, name) => index.matched(endpoint, chain(name, 100)));
    expect(held.reduce((sum, one) => sum + one, 0)).toBe(32_768);
  });

  it('learns how far back a cache reaches, and takes nothing for held that is farther', () => {
    const index = new PrefixIndex();
    const endpoint = fakeEndpoint('a');
    for (let name = 0; name < 10; name++) index.add(endpoint, chain(name, 10), 100);
    const learn = (name: number, computed: number) => {
      const known = index.known(endpoint, chain(name, 10), 1_000);
      if (known === undefined) throw new Error('that says something');
      index.learn(endpoint, known, { before: 0, computed });
    };
    expect(index.matched(endpoint, chain(0, 10))).toBe(10);
    learn(0, 1_000);
    learn(5, 900);
    learn(7, 100);
    expect([0, 5, 7, 9].map((name) => index.matched(endpoint, chain(name, 10)))).toEqual([0, 0, 10, 10]);
    // It is the first token of a cached prompt as soon as half of the time is spared.
    learn(5, 450);
    learn(5, 450);
    expect([0, 5, 7, 9].map((name) => index.matched(endpoint, chain(name, 10)))).toEqual([0, 10, 10, 10]);
  });

  it('learns nothing where little of a prompt is known, or where much was before it', () => {
    const index = new PrefixIndex();
    const endpoint = fakeEndpoint('a');
    index.add(endpoint, chain(1, 10), 100);
    expect(index.known(endpoint, [...chain(1, 10), ...chain(2, 40)], 5_000)).toBeUndefined();
    expect(index.known(endpoint, chain(1, 4), 400)).toBeUndefined();
    const known = index.known(endpoint, chain(1, 10), 1_000);
    if (known === undefined) throw new Error('that says something');
    index.learn(endpoint, known, { before: 600, computed: 1_600 });
    expect(index.matched(endpoint, chain(1, 10))).toBe(10);
  });
});
