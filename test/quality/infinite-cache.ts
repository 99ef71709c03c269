import type { Trace } from 'evenkeel/simulation';

/**
 * The share of prompt tokens that caches without limit would have, were every prompt sent where its beginning is. How
 * many replicas there are makes no difference to that; less is found where a policy spreads them, or caches forget.
 */
export function infiniteCacheHitRate({ requests, blockTokens }: Trace): number {
  const seen = new Set<number>();
  let cached = 0;
  let prompts = 0;
  for (const { prompt, blocks } of requests) {
    const fresh = blocks.findIndex((block) => !seen.has(block));
    const known = fresh === -1 ? blocks.length : fresh;
    // One token at least is computed, to have something to begin with.
    cached += Math.min(prompt - 1, known * blockTokens);
    prompts += prompt;
    for (const block of blocks) seen.add(block);
  }
  return cached / prompts;
}
