/**
 * Rates endpoints by how near their KV caches are to being full: 1 up to four fifths, then (1 - usage) / 0.2. Usages
 * of 0.2, 0.85 and 0.95 rate 1, 0.75 and 0.25.
 *
 * A full cache makes an engine take requests back that it had begun (preemption) or keep new ones waiting, so the
 * figure tells of the wall before it is hit; four fifths is where the Gateway API Inference Extension calls a pod
 * saturated. Below that it tells little, and as a rating it would favour slow cards that nobody uses.
 *
 * Needs the `metrics` option on every endpoint, with a parser that reads `kvCacheUsage`; while one lacks it the scorer
 * counts for none. Not alone: an idle server with a warm cache and a busy one look alike. An engine that is asleep
 * has an empty cache and rates 0.
 */
import type { Scorer } from '../core/scoring.js';

/** Share of the cache that has to be free for the best rating. */
const ENOUGH_FREE = 0.2;

/** Rates by how near the KV cache is to being full. */
export function kvCache(): Scorer {
  return {
    name: 'kv-cache',
    score: (candidates) =>
      candidates.map(({ load }) => {
        if (load?.kvCacheUsage === undefined) return undefined;
        return load.asleep ? 0 : Math.min(1, (1 - load.kvCacheUsage) / ENOUGH_FREE);
      }),
  };
}
