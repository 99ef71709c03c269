/** LiteLLM, `least-busy` (least_busy.py): fewest requests under way, without weights; the first of equals. */
import type { SelectionPolicy } from 'evenkeel';
import { least } from './least.js';
import { usable } from './usable.js';

export function litellmLeastBusy(): SelectionPolicy {
  return {
    name: 'LiteLLM least-busy',
    select: (candidates) => least(usable(candidates), ({ outstanding }) => outstanding),
  };
}
