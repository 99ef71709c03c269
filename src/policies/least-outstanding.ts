/**
 * Chooses the endpoint with the fewest outstanding requests for its weight. The default.
 *
 * Least (outstanding + 1) / (weight x slow start) wins; ties are broken uniformly at random. Weight 3 with 5
 * outstanding scores (5 + 1) / 3 = 2, weight 1 with 2 outstanding (2 + 1) / 1 = 3: the first goes, though busier.
 * With requests that never end, outstanding counts settle in proportion to the weights.
 *
 * Needs nothing but the counts, and so never acts on old news. Up to `scanLimit` endpoints it looks at all of
 * them; above, at two drawn by weight (`powerOfTwo`), since a scan of hundreds gains nothing.
 * Not the best where one request costs far more than another, or where an endpoint that holds a prompt's prefix
 * should see it again: see `scored` and `consistentHash`.
 */
import { loadAfterPick } from '../core/endpoint.js';
import { numberOption, optionFields } from '../core/option-checks.js';
import type { SelectionPolicy } from '../core/policy.js';
import { leastIndex } from '../core/random-pick.js';
import { systemSelection } from '../system.js';
import { powerOfTwo } from './power-of-two.js';

/** Options of `leastOutstanding`. */
export interface LeastOutstandingOptions {
  /** Most endpoints to look at one by one; above, two are drawn. Integer >= 1, default 64. */
  readonly scanLimit?: number;
}

/**
 * Least outstanding requests per weight. `explain` gives that figure; lower is better.
 *
 * @throws InvalidOptionError
 */
export function leastOutstanding(options?: LeastOutstandingOptions): SelectionPolicy {
  const fields = optionFields('leastOutstanding', options, ['scanLimit']);
  const scanLimit = numberOption('leastOutstanding.scanLimit', fields.scanLimit, 64, {
    integer: true,
    min: 1,
  });
  const sampled = powerOfTwo();
  return {
    name: 'least-outstanding',
    sample: { above: scanLimit, size: 2 },
    select(candidates, request, context = systemSelection) {
      if (candidates.length > scanLimit) return sampled.select(candidates, request, context);
      const loadAt = (index: number) => {
        const endpoint = candidates[index];
        return endpoint === undefined ? Number.NaN : loadAfterPick(endpoint);
      };
      return candidates[leastIndex(candidates.length, loadAt, context.random)];
    },
    explain: sampled.explain,
  };
}
