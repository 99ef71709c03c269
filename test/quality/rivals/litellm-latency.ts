/**
 * LiteLLM, `latency-based-routing` (lowest_latency.py) with its defaults: the deployment with the lowest mean time
 * to the first token per token of the answer, over ten answers; one that has none counts as 0. The list is kept as
 * there: the first nine answers stay, the newest is the tenth.
 */
import type { SelectionPolicy } from 'evenkeel';
import { least } from './least.js';
import type { RivalWorld } from './rival-world.js';
import { usable } from './usable.js';

const LIST_SIZE = 10;

export function litellmLatency(world: RivalWorld): SelectionPolicy {
  const lists = new Map<string, number[]>();
  const firstTokens = new WeakMap<object, number>();
  world.observe((event) => {
    if (event.type === 'first-token') firstTokens.set(event.request, event.elapsed);
    if (event.type !== 'attempt-settled' || event.outcome.kind !== 'success') return;
    const firstToken = firstTokens.get(event.request);
    if (firstToken === undefined || event.contentEvents === 0) return;
    const list = lists.get(event.endpoint) ?? [];
    lists.set(event.endpoint, [...list.slice(0, LIST_SIZE - 1), firstToken / event.contentEvents]);
  });
  const mean = (id: string): number => {
    const list = lists.get(id);
    return list === undefined ? 0 : list.reduce((sum, one) => sum + one, 0) / list.length;
  };
  return {
    name: 'LiteLLM latency-based',
    select: (candidates, _request, context) =>
      least(usable(candidates), ({ id }) => mean(id), context?.random ?? Math.random),
  };
}
