import { booleanOption, numberOption, optionFields } from '../core/option-checks.js';

/** When an endpoint's breaker opens, and for how long. Times in ms. */
export interface BreakerOptions {
  /** Faults in a row that open the breaker. Default 5 (Envoy, Finagle). nginx: `max_fails`. */
  readonly consecutiveFailures: number;
  /** Share of faults within `window` that opens it, reached or exceeded; in (0, 1]. Default 0.5. */
  readonly failureRatio: number;
  /** Results within `window` below which the ratio says nothing. Default 10. */
  readonly minimumRequests: number;
  /** Length of the rolling window, in 12 slices; also the healthy time that takes back one doubling. Default 60 000. */
  readonly window: number;
  /** First open time; it doubles, half of it random, from one opening to the next. Default 5 000. nginx: `fail_timeout`. */
  readonly openFor: number;
  /** Longest open time. Default 120 000, or `openFor` if that is longer. */
  readonly maxOpenFor: number;
  /** Share of the endpoints that may be open at once; one always may, unless it is the only one. In (0, 1], default 0.5. */
  readonly maxOpenRatio: number;
  /** Whether to use suspect and open endpoints when no healthy one is left. Default true. */
  readonly failOpen: boolean;
  /** How long the single trial of a half-open breaker may take before it counts as a fault. Default: as long as `timeouts` let a request wait for its answer. */
  readonly trialTimeout: number;
}

const KEYS: readonly (keyof BreakerOptions)[] = [
  'consecutiveFailures',
  'failureRatio',
  'minimumRequests',
  'window',
  'openFor',
  'maxOpenFor',
  'maxOpenRatio',
  'failOpen',
  'trialTimeout',
];

const COUNT = { integer: true, min: 1 };
const RATIO = { above: 0, max: 1 };
const TIME = { above: 0 };

/**
 * Fills in the defaults.
 *
 * @param trialTimeout its default: a trial is a request, so it may take as long as the balancer's clocks allow one
 * @throws InvalidOptionError with the path of the option, as in `breaker.openFor`
 */
export function resolveBreakerOptions(
  options?: Partial<BreakerOptions>,
  trialTimeout = 120_000,
): BreakerOptions {
  const given = optionFields('breaker', options, KEYS);
  const openFor = numberOption('breaker.openFor', given.openFor, 5_000, TIME);
  return {
    consecutiveFailures: numberOption('breaker.consecutiveFailures', given.consecutiveFailures, 5, COUNT),
    failureRatio: numberOption('breaker.failureRatio', given.failureRatio, 0.5, RATIO),
    minimumRequests: numberOption('breaker.minimumRequests', given.minimumRequests, 10, COUNT),
    window: numberOption('breaker.window', given.window, 60_000, TIME),
    openFor,
    // As Envoy's max_ejection_time: the default gives way to a longer base, an explicit contradiction is refused.
    maxOpenFor: numberOption('breaker.maxOpenFor', given.maxOpenFor, Math.max(120_000, openFor), {
      min: openFor,
    }),
    maxOpenRatio: numberOption('breaker.maxOpenRatio', given.maxOpenRatio, 0.5, RATIO),
    failOpen: booleanOption('breaker.failOpen', given.failOpen, true),
    trialTimeout: numberOption('breaker.trialTimeout', given.trialTimeout, trialTimeout, TIME),
  };
}
