/**
 * HAProxy, `balance leastconn` (src/lb_fwlc.c): least (connections + 1) / weight, but an idle server's key is 0
 * whatever its weight; among equals the one whose turn was longest ago.
 */
import type { EndpointView, SelectionPolicy } from 'evenkeel';
import { least } from './least.js';
import { usable, weightOf } from './usable.js';

export function haproxyLeastconn(): SelectionPolicy {
  const turns = new WeakMap<EndpointView, number>();
  let turn = 0;
  const key = (endpoint: EndpointView) =>
    endpoint.outstanding === 0 ? 0 : (endpoint.outstanding + 1) / weightOf(endpoint);
  return {
    name: 'HAProxy leastconn',
    select(candidates) {
      const able = usable(candidates);
      const lowest = Math.min(...able.map(key));
      const equals = able.filter((endpoint) => key(endpoint) === lowest);
      const chosen = least(equals, (endpoint) => turns.get(endpoint) ?? 0);
      if (chosen !== undefined) turns.set(chosen, ++turn);
      return chosen;
    },
  };
}
