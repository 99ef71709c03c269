import { describe, expect, it } from 'vitest';
import { PrefixIndex } from '../../../src/core/prefix-index.js';
import { fakeEndpoint } from '../../../src/testing/fake-endpoint.js';

const PROMPT = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
const OTHER = PROMPT.map((block) => block + 100);

describe('PrefixIndex', () => {
  it('counts a prompt that is sent again once: a small cache holds it still', () => {
    const load = { observedAt: 0, ownOutstanding: 0, kvCacheTokens: 1_500 };
    const endpoint = fakeEndpoint('e', { load });
    const index = new PrefixIndex();
    for (let time = 0; time < 5; time++) index.add(endpoint, PROMPT, 100);
    expect(index.matched(endpoint, PROMPT)).toBe(10);
    index.add(endpoint, OTHER, 100);
    // 500 tokens are left for the first, and those are its beginning.
    expect(index.matched(endpoint, PROMPT)).toBe(5);
  });

  it('learns that a prompt was forgotten, unless too much was before it to tell', () => {
    const endpoint = fakeEndpoint('e');
    const index = new PrefixIndex();
    index.add(endpoint, PROMPT, 100);
    index.add(endpoint, OTHER, 100);
    const known = index.known(endpoint, PROMPT, 1_000);
    if (known === undefined) throw new Error('known before');
    expect(known.known).toBe(1_000);
    index.learn(endpoint, known, { before: 501, computed: 1_501 });
    expect(index.matched(endpoint, PROMPT)).toBe(10);
    index.learn(endpoint, known, { before: 500, computed: 1_500 });
    expect(index.matched(endpoint, PROMPT)).toBe(0);
  });

  it('knows nothing of a prompt of which less than 500 tokens or a quarter was sent', () => {
    const endpoint = fakeEndpoint('e');
    const index = new PrefixIndex();
    expect(index.known(endpoint, PROMPT, 1_000)).toBeUndefined();
    index.add(endpoint, PROMPT.slice(0, 5), 100);
    expect(index.known(endpoint, PROMPT, 1_000)?.known).toBe(500);
    expect(index.known(endpoint, PROMPT, 990)).toBeUndefined();
    expect(index.known(endpoint, OTHER, 1_000)).toBeUndefined();
  });
});
