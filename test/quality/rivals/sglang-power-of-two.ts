/** SGLang's router, `power_of_two`: two drawn, the one with fewer requests; it looks at no weights. */
import type { SelectionPolicy } from 'evenkeel';
import { drawTwo } from './least.js';
import { usable } from './usable.js';

export function sglangPowerOfTwo(): SelectionPolicy {
  return {
    name: 'SGLang power of two',
    select(candidates, _request, context) {
      const pair = drawTwo(usable(candidates), context?.random ?? Math.random);
      return pair !== undefined && pair[1].outstanding < pair[0].outstanding ? pair[1] : pair?.[0];
    },
  };
}
