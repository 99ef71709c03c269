/**
 * undici, `BalancedPool` (lib/dispatcher/balanced-pool.js): weighted round robin in which every upstream starts at
 * 100 and loses 15, down to 1, for a connection that fails. Nobody can set a weight, and load does not matter.
 */
import type { EndpointView, SelectionPolicy } from 'evenkeel';
import type { RivalWorld } from './rival-world.js';
import { usable } from './usable.js';

const START = 100;
const PENALTY = 15;

export function undiciBalancedPool(world: RivalWorld): SelectionPolicy {
  const weights = new Map<string, number>();
  let index = -1;
  let current = 0;
  world.observe((event) => {
    if (event.type !== 'attempt-settled' || event.outcome.kind !== 'fault') return;
    const { reason } = event.outcome;
    if (reason === 'connect' || reason === 'reset')
      weights.set(event.endpoint, Math.max(1, (weights.get(event.endpoint) ?? START) - PENALTY));
  });
  const weight = ({ id }: EndpointView) => weights.get(id) ?? START;
  return {
    name: 'undici BalancedPool',
    select(candidates) {
      const pool = usable(candidates);
      const step = pool.reduce((divisor, endpoint) => greatestCommonDivisor(divisor, weight(endpoint)), 0);
      const highest = Math.max(...pool.map(weight));
      for (let looked = 0; pool.length > 0 && looked <= pool.length * START; looked++) {
        index = (index + 1) % pool.length;
        if (index === 0) {
          current -= step;
          if (current <= 0) current = highest;
        }
        const endpoint = pool[index];
        if (endpoint !== undefined && weight(endpoint) >= current) return endpoint;
      }
      return pool[0];
    },
  };
}

function greatestCommonDivisor(one: number, other: number): number {
  return other === 0 ? one : greatestCommonDivisor(other, one % other);
}
