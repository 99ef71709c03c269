import type { Trace } from 'evenkeel/simulation';

/**
 * The share of prompt tokens that one cache of that many tokens would have, all replicas together, the least recently
 * used forgotten first: what replicas with caches of the same size in sum can have at most, more or less, for they hold
 * some blocks twice, and running requests take room. Without limit it is the most for any number of replicas.
 */
export function pooledCacheHitRate(
  { requests, blockTokens }: Trace,
  tokens = Number.POSITIVE_INFINITY,
): number {
  const room = tokens / blockTokens;
  const held = new Set<number>();
  let cached = 0;
  let prompts = 0;
  for (const { prompt, blocks } of requests) {
    const fresh = blocks.findIndex((block) => !held.has(block));
    const known = fresh === -1 ? blocks.length : fresh;
    // One token at least is computed, to have something to begin with.
    cached += Math.min(prompt - 1, known * blockTokens);
    prompts += prompt;
    // From its end, so that the beginning is the most recent.
    for (const block of blocks.toReversed()) {
      held.delete(block);
      held.add(block);
    }
    for (const block of held) {
      if (held.size <= room) break;
      held.delete(block);
    }
  }
  return cached / prompts;
}
