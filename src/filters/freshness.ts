/**
 * Keeps the endpoints whose load was read not long ago; all of them when that is none.
 *
 * With `maxAge` 5 000, readings 1 s, 4 s and 9 s old: the first two endpoints stay. An endpoint without a reading goes.
 *
 * Needs the `metrics` option. For pools in which a server that stops answering its metrics page is in trouble: it
 * gets nothing while others answer. Not where some endpoints have no metrics at all: they would get nothing, ever.
 */
import { numberOption, optionFields } from '../core/option-checks.js';
import type { Filter } from '../core/scoring.js';

/** Options of `freshness`. */
export interface FreshnessOptions {
  /** Oldest reading in ms, above 0. Default: whatever is shown, which is three intervals of its poller. */
  readonly maxAge?: number;
}

/**
 * Keeps the endpoints whose load was read not long ago; all of them when that is none.
 *
 * @throws InvalidOptionError
 */
export function freshness(options?: FreshnessOptions): Filter {
  const fields = optionFields('freshness', options, ['maxAge']);
  const maxAge = numberOption('freshness.maxAge', fields.maxAge, Number.POSITIVE_INFINITY, { above: 0 });
  return {
    name: 'freshness',
    keep(candidates, _request, context) {
      const now = context?.now() ?? Number.NEGATIVE_INFINITY;
      const fresh = candidates.filter(({ load }) => load !== undefined && now - load.observedAt <= maxAge);
      return fresh.length > 0 ? fresh : candidates;
    },
  };
}
