/**
 * Envoy, `LEAST_REQUEST` with its defaults. Equal weights: two drawn with replacement, the one with fewer active
 * requests. Different weights: an EDF schedule (earliest deadline first) in which a host's weight is
 * weight / (active + 1) at the moment it is picked.
 */
import type { EndpointView, SelectionPolicy } from 'evenkeel';
import { least } from './least.js';
import { usable, weightOf } from './usable.js';

export function envoyLeastRequest(): SelectionPolicy {
  const deadlines = new WeakMap<EndpointView, number>();
  let time = 0;
  return {
    name: 'Envoy least request',
    select(candidates, _request, context) {
      const random = context?.random ?? Math.random;
      const able = usable(candidates);
      const [first] = able;
      if (first === undefined) return undefined;
      if (able.every((endpoint) => weightOf(endpoint) === weightOf(first))) {
        const draw = () => able[Math.min(Math.floor(random() * able.length), able.length - 1)] ?? first;
        const [one, other] = [draw(), draw()];
        return other.outstanding < one.outstanding ? other : one;
      }
      for (const endpoint of able) {
        // A new host starts somewhere in its first period, so that clients do not march in step.
        if (!deadlines.has(endpoint)) deadlines.set(endpoint, time + random() / weightOf(endpoint));
      }
      const chosen = least(able, (endpoint) => deadlines.get(endpoint) ?? 0) ?? first;
      time = Math.max(time, deadlines.get(chosen) ?? time);
      deadlines.set(chosen, time + (chosen.outstanding + 1) / weightOf(chosen));
      return chosen;
    },
  };
}
