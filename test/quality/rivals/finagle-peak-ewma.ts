/**
 * Finagle, `p2cPeakEwma` (PeakEwma.scala): of two drawn the one with the lower cost x (pending + 1). The cost is a
 * moving average of the whole round trip with a decay of 10 s, which jumps to any higher sample at once and fades
 * while nothing comes. One without history gets one request to try.
 */
import type { SelectionPolicy } from 'evenkeel';
import { drawTwo } from './least.js';
import type { RivalWorld } from './rival-world.js';
import { usable } from './usable.js';

const DECAY = 10_000;
/** Long.MaxValue >> 16, in nanoseconds there. */
const PENALTY = 2 ** 47;

export function finaglePeakEwma(world: RivalWorld): SelectionPolicy {
  const costs = new Map<string, { cost: number; at: number }>();
  let now = () => 0;
  const observe = (id: string, sample: number): number => {
    const metric = costs.get(id) ?? { cost: 0, at: now() };
    const keep = Math.exp(-Math.max(0, now() - metric.at) / DECAY);
    metric.cost = sample > metric.cost ? sample : metric.cost * keep + sample * (1 - keep);
    metric.at = now();
    costs.set(id, metric);
    return metric.cost;
  };
  world.observe((event) => {
    if (event.type === 'attempt-settled') observe(event.endpoint, event.duration);
  });
  return {
    name: 'Finagle peak EWMA',
    select(candidates, _request, context) {
      if (context !== undefined) now = () => context.now();
      const pair = drawTwo(usable(candidates), context?.random ?? Math.random);
      if (pair === undefined) return undefined;
      const [one, other] = pair.map((endpoint) => {
        const cost = observe(endpoint.id, 0);
        const { outstanding } = endpoint;
        return cost === 0 && outstanding > 0 ? PENALTY + outstanding : cost * (outstanding + 1);
      });
      return (other ?? 0) < (one ?? 0) ? pair[1] : pair[0];
    },
  };
}
