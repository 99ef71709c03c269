/**
 * Keeps the endpoints that have room, with some of it held back if wanted.
 *
 * Room is outstanding < fill x maxOutstanding. With `fill` 0.8 and a maximum of 50, the 40th request still enters
 * (39 < 40) and the 41st does not.
 *
 * Needs `maxOutstanding` on the endpoints; one without a limit always stays. A balancer itself stops at the full
 * limit, so the filter is of use with `fill` below 1: to leave room for requests that come another way.
 */
import { numberOption, optionFields } from '../core/option-checks.js';
import type { Filter } from '../core/scoring.js';

/** Options of `capacity`. */
export interface CapacityOptions {
  /** Share of `maxOutstanding` to use, above 0 and at most 1. Default 1. */
  readonly fill?: number;
}

/**
 * Keeps the endpoints that have room, with some of it held back if wanted.
 *
 * @throws InvalidOptionError
 */
export function capacity(options?: CapacityOptions): Filter {
  const fields = optionFields('capacity', options, ['fill']);
  const fill = numberOption('capacity.fill', fields.fill, 1, { above: 0, max: 1 });
  return {
    name: 'capacity',
    keep: (candidates) =>
      candidates.filter(({ outstanding, maxOutstanding }) => outstanding < fill * maxOutstanding),
  };
}
