/**
 * Rates endpoints by the free share of their KV cache: rating = 1 - usage. Usages of 0.2 and 0.9 rate 0.8 and 0.1.
 *
 * A full cache makes an engine take requests back that it had begun (preemption) or keep new ones waiting, so the
 * figure tells of the wall before it is hit; well below it, it tells little.
 *
 * Needs the `metrics` option on every endpoint, with a parser that reads `kvCacheUsage`; while one lacks it the scorer
 * counts for none. Not alone: an idle server with a warm cache and a busy one look alike. An engine that is asleep
 * has an empty cache and rates 0.
 */
import type { Scorer } from '../core/scoring.js';

/** Rates by the free share of the KV cache. */
export function kvCache(): Scorer {
  return {
    name: 'kv-cache',
    score: (candidates) =>
      candidates.map(({ load }) => {
        if (load?.kvCacheUsage === undefined) return undefined;
        return load.asleep ? 0 : 1 - load.kvCacheUsage;
      }),
  };
}
