/**
 * Rates endpoints by how few requests wait inside their engines.
 *
 * Rating = (least waiting + 1) / (waiting + 1). Waiting 0, 1 and 9 rate 1, 0.5 and 0.1. Where some wait already, our
 * own requests since the reading are counted as waiting too, so that not all of them go to yesterday's best. A queue
 * is forgotten the sooner the shorter it is: of n that waited, n x e^(-age / (n x 10 ms)) are left. Of 100 read half a
 * second ago 61, of 4 read then none; else many clients that read the same page would all shun who is free again.
 *
 * Needs the `metrics` option on every endpoint, with a parser that reads `waiting`; while one lacks it the scorer
 * counts for none. Not alone: most of the time nobody waits, and then all are alike. An engine that is asleep rates 0.
 */
import type { EndpointView } from '../core/endpoint.js';
import type { Scorer } from '../core/scoring.js';

/** In ms: how long one that waits is believed in. In simulations with 64 clients and readings 5 s old, 100 was too long. */
const TURN = 10;

/** Rates by the requests that wait inside the engine: the fewer, the better. */
export function queueDepth(): Scorer {
  return {
    name: 'queue-depth',
    score(candidates, _request, context) {
      const depths = candidates.map((endpoint) => depthOf(endpoint, context?.now()));
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

function depthOf({ load, outstanding }: EndpointView, now: number | undefined): number | undefined {
  if (load?.waiting === undefined) return undefined;
  if (load.waiting === 0) return 0;
  const age = Math.max(0, (now ?? load.observedAt) - load.observedAt);
  const left = load.waiting * Math.exp(-age / (load.waiting * TURN));
  return left + Math.max(0, outstanding - load.ownOutstanding);
}
