/**
 * Rates endpoints by how few requests wait inside their engines.
 *
 * Rating = (least waiting + 1) / (waiting + 1). Waiting 0, 1 and 9 rate 1, 0.5 and 0.1. Where some wait already, our
 * own requests since the reading are counted as waiting too, so that not all of them go to yesterday's best.
 *
 * Needs the `metrics` option on every endpoint, with a parser that reads `waiting`; while one lacks it the scorer
 * counts for none. Not alone: most of the time nobody waits, and then all are alike. An engine that is asleep rates 0.
 */
import type { EndpointView } from '../core/endpoint.js';
import type { Scorer } from '../core/scoring.js';

/** Rates by the requests that wait inside the engine: the fewer, the better. */
export function queueDepth(): Scorer {
  return {
    name: 'queue-depth',
    score(candidates) {
      const depths = candidates.map(depthOf);
      const least = Math.min(...depths.map((depth) => depth ?? Number.POSITIVE_INFINITY));
      return candidates.map(({ load }, index) => {
        const depth = depths[index];
        if (depth === undefined) return undefined;
        if (load?.asleep) return 0;
        return (least + 1) / (depth + 1);
      });
    },
  };
}

function depthOf({ load, outstanding }: EndpointView): number | undefined {
  if (load?.waiting === undefined) return undefined;
  return load.waiting === 0 ? 0 : load.waiting + Math.max(0, outstanding - load.ownOutstanding);
}
