/**
 * llm-d's and the Gateway API Inference Extension's default profile: 2 x queue + 2 x KV cache + 3 x prefix, the
 * highest wins. Queue: (max - waiting) / (max - min), KV: 1 - usage, both as scraped every 50 ms; prefix: the part of
 * the prompt's blocks that this router sent there before (31 250 blocks of 16 tokens for each pod).
 */
import type { SelectionPolicy } from 'evenkeel';
import { least } from './least.js';
import { PrefixIndex } from './prefix-index.js';
import type { RivalWorld } from './rival-world.js';
import { usable } from './usable.js';

const SCRAPE = 50;
const INDEX_BLOCKS = Math.floor((31_250 * 16) / 512);

export function llmDDefault(world: RivalWorld): SelectionPolicy {
  const scraped = new Map<string, ReturnType<RivalWorld['load']>>();
  const index = new PrefixIndex(INDEX_BLOCKS);
  const scrape = (id: string) => {
    const { waiting, kvUsage } = world.load(id);
    const page = { waiting, kvUsage };
    scraped.set(id, page);
    return page;
  };
  world.every(SCRAPE, () => {
    for (const id of scraped.keys()) scrape(id);
  });
  return {
    name: 'llm-d default weights',
    select(candidates, request, context) {
      const able = usable(candidates);
      const blocks = request.promptBlocks?.() ?? [];
      const page = (id: string) => scraped.get(id) ?? scrape(id);
      const queues = able.map(({ id }) => page(id).waiting);
      const [low, high] = [Math.min(...queues), Math.max(...queues)];
      const score = (id: string): number => {
        const { waiting, kvUsage } = page(id);
        const queue = high === low ? 1 : (high - waiting) / (high - low);
        return 2 * queue + 2 * (1 - kvUsage) + (3 * index.match(id, blocks)) / (blocks.length || 1);
      };
      const chosen = least(able, ({ id }) => -score(id), context?.random ?? Math.random);
      if (chosen !== undefined) index.add(chosen.id, blocks);
      return chosen;
    },
  };
}
