/**
 * NVIDIA Dynamo's KV router with its defaults: least prefill blocks + decode blocks. Prefill: the blocks that this
 * router has under way there and those of the request that are not cached; decode: the blocks that its requests hold
 * there, this one's included. What is cached is known from the servers' events. No weights.
 */
import type { SelectionPolicy } from 'evenkeel';
import { least } from './least.js';
import type { RivalWorld } from './rival-world.js';
import { usable } from './usable.js';

interface Held {
  prefill: number;
  decode: number;
}

export function dynamoCost(world: RivalWorld): SelectionPolicy {
  const held = new Map<string, Held>();
  /** Tokens by request: what it adds while it prefills, and while it lives. */
  const parts = new WeakMap<object, Held>();
  const at = (id: string): Held => {
    const known = held.get(id) ?? { prefill: 0, decode: 0 };
    held.set(id, known);
    return known;
  };
  const prefilled = (id: string, part: Held | undefined) => {
    if (part === undefined) return;
    at(id).prefill -= part.prefill;
    part.prefill = 0;
  };
  world.observe((event) => {
    if (event.type === 'attempt-started') {
      const part = parts.get(event.request);
      at(event.endpoint).prefill += part?.prefill ?? 0;
      at(event.endpoint).decode += part?.decode ?? 0;
    } else if (event.type === 'first-token') prefilled(event.endpoint, parts.get(event.request));
    else if (event.type === 'attempt-settled') {
      const part = parts.get(event.request);
      prefilled(event.endpoint, part);
      at(event.endpoint).decode -= part?.decode ?? 0;
    }
  });
  return {
    name: 'Dynamo cost',
    select(candidates, request, context) {
      const blocks = request.promptBlocks?.() ?? [];
      const fresh = (id: string) => Math.max(0, request.promptTokens - world.cachedTokens(id, blocks));
      const cost = (id: string) => at(id).prefill + fresh(id) + at(id).decode + request.promptTokens;
      const chosen = least(usable(candidates), ({ id }) => cost(id), context?.random ?? Math.random);
      if (chosen !== undefined)
        parts.set(request, { prefill: fresh(chosen.id), decode: request.promptTokens });
      return chosen;
    },
  };
}
