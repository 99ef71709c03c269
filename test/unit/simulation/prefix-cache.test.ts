import { generateTrace } from 'evenkeel/simulation';
import { describe, expect, it } from 'vitest';
import { PrefixCache } from '../../../src/simulation/replica/prefix-cache.js';

const BLOCK = 512;

/** A request that comes, computes its prompt and is over. */
function pass(cache: PrefixCache, blocks: readonly number[], own = 0): number {
  const matched = cache.match(blocks) / BLOCK;
  expect(cache.hold(blocks, matched, own)).toBe(true);
  cache.computed(blocks, matched);
  cache.release(blocks, blocks.length, own);
  return matched;
}

describe('a prefix cache', () => {
  it('has the longest prefix of a prompt that was there, and nothing behind the first block that differs', () => {
    const cache = new PrefixCache(100 * BLOCK, BLOCK);
    pass(cache, [1, 2, 3, 4]);
    expect(cache.match([1, 2, 3, 4, 5])).toBe(4 * BLOCK);
    expect(cache.match([1, 2, 9, 4])).toBe(2 * BLOCK);
    expect(cache.match([2, 3])).toBe(2 * BLOCK);
    expect(cache.match([9, 1])).toBe(0);
  });

  it('does not have a prompt that is still being computed', () => {
    const cache = new PrefixCache(100 * BLOCK, BLOCK);
    cache.hold([1, 2], 0, 10);
    expect(cache.match([1, 2])).toBe(0);
    cache.computed([1, 2], 0);
    expect(cache.match([1, 2])).toBe(2 * BLOCK);
  });

  it('evicts the least recently used, and of one prompt its end first', () => {
    const cache = new PrefixCache(6 * BLOCK, BLOCK);
    pass(cache, [1, 2, 3]);
    pass(cache, [7, 8, 9]);
    pass(cache, [1, 2, 3]);
    pass(cache, [4]);
    expect(cache.match([1, 2, 3])).toBe(3 * BLOCK);
    expect(cache.match([7, 8, 9])).toBe(2 * BLOCK);
  });

  it('never evicts what a running sequence holds, and refuses who would need that room', () => {
    const cache = new PrefixCache(4 * BLOCK, BLOCK);
    cache.hold([1, 2, 3], 0, 0);
    cache.computed([1, 2, 3], 0);
    expect(cache.hold([5, 6], 0, 0)).toBe(false);
    expect(cache.hold([5], 0, 0)).toBe(true);
    expect(cache.usage).toBe(1);
    cache.release([1, 2, 3], 3, 0);
    expect(cache.hold([7, 8, 9], 0, 0)).toBe(true);
    expect(cache.match([1, 2, 3])).toBe(0);
  });

  it('counts a block that two sequences hold once, until the last of them lets go', () => {
    const cache = new PrefixCache(10 * BLOCK, BLOCK);
    cache.hold([1, 2], 0, 0);
    cache.computed([1, 2], 0);
    cache.hold([1, 2], 2, 0);
    cache.computed([1, 2], 2);
    expect(cache.usage).toBeCloseTo(0.2);
    cache.release([1, 2], 2, 0);
    expect(cache.usage).toBeCloseTo(0.2);
    cache.release([1, 2], 2, 0);
    expect(cache.usage).toBe(0);
  });

  it('is empty again after any mixture of sequences that computed, waited and left in the middle', () => {
    const cache = new PrefixCache(60 * BLOCK, BLOCK);
    const { requests } = generateTrace({ shape: 'shared-prefix', requests: 400 });
    const running: { blocks: readonly number[]; held: number }[] = [];
    for (const [turn, { blocks: all }] of requests.entries()) {
      const blocks = all.slice(0, 20);
      const matched = cache.match(blocks) / BLOCK;
      if (cache.hold(blocks, matched, 100)) {
        const computed = turn % 3 > 0;
        if (computed) cache.computed(blocks, matched);
        running.push({ blocks, held: computed ? blocks.length : matched });
      }
      expect(cache.usage).toBeLessThanOrEqual(1);
      if (turn % 2 === 0 || running.length > 2) {
        const [one] = running.splice(turn % running.length, 1);
        if (one !== undefined) cache.release(one.blocks, one.held, 100);
      }
    }
    for (const { blocks, held } of running) cache.release(blocks, held, 100);
    expect(cache.usage).toBeCloseTo(0, 12);
  });
});
