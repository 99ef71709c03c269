/**
 * SGLang's router, `cache_aware`, with the launcher's defaults (threshold 0.3, balance 64 and 1.5): when the busiest
 * has more than 64 requests more than the idlest and more than 1.5 times as many, to the idlest. Else to the worker
 * that has seen the longest part of the prompt, if that is more than 0.3 of it; else to the idlest.
 */
import type { SelectionPolicy } from 'evenkeel';
import { least } from './least.js';
import { PrefixIndex } from './prefix-index.js';
import { usable } from './usable.js';

const THRESHOLD = 0.3;
const BALANCE_ABS = 64;
const BALANCE_REL = 1.5;
/** 2^26 characters, in blocks of 512 tokens of 4. */
const TREE_BLOCKS = 2 ** 26 / (512 * 4);

export function sglangCacheAware(): SelectionPolicy {
  const tree = new PrefixIndex(TREE_BLOCKS);
  return {
    name: 'SGLang cache-aware',
    select(candidates, request, context) {
      const able = usable(candidates);
      const blocks = request.promptBlocks?.() ?? [];
      const loads = able.map(({ outstanding }) => outstanding);
      const [low, high] = [Math.min(...loads), Math.max(...loads)];
      const random = context?.random ?? Math.random;
      const idlest = () => least(able, ({ outstanding }) => outstanding, random);
      const unbalanced = high - low > BALANCE_ABS && high > BALANCE_REL * low;
      const warmest = least(able, ({ id }) => -tree.match(id, blocks), random);
      const matched = warmest === undefined ? 0 : tree.match(warmest.id, blocks) / (blocks.length || 1);
      const chosen = !unbalanced && matched > THRESHOLD ? warmest : idlest();
      if (chosen !== undefined) tree.add(chosen.id, blocks);
      return chosen;
    },
  };
}
