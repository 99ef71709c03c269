import { numberOption, optionFields } from '../core/option-checks.js';

/** When a slow attempt gets a second one beside it. */
export interface HedgeOptions {
  /** The share of requests that answer sooner than the wait; in (0, 1). Default 0.95. */
  readonly quantile: number;
  /** Shortest wait in ms, however fast the endpoints are. Default 500. */
  readonly minDelay: number;
  /** Answers that must have been seen before anything is hedged. Default 20. */
  readonly minimumRequests: number;
  /** Hedges per request that the balancer may make; each pays the retry budget as well. Default 0.05. */
  readonly ratio: number;
}

const KEYS: readonly (keyof HedgeOptions)[] = ['quantile', 'minDelay', 'minimumRequests', 'ratio'];

/**
 * Fills in the defaults. `undefined` and `false`: no hedging.
 *
 * @throws InvalidOptionError with the path of the option, as in `hedge.minDelay`
 */
export function resolveHedgeOptions(
  options: Partial<HedgeOptions> | boolean | undefined,
): HedgeOptions | undefined {
  if (options === undefined || options === false) return undefined;
  const given = optionFields('hedge', options === true ? {} : options, KEYS);
  return {
    quantile: numberOption('hedge.quantile', given.quantile, 0.95, { above: 0, max: 0.999 }),
    minDelay: numberOption('hedge.minDelay', given.minDelay, 500, { min: 0 }),
    minimumRequests: numberOption('hedge.minimumRequests', given.minimumRequests, 20, {
      integer: true,
      min: 1,
    }),
    ratio: numberOption('hedge.ratio', given.ratio, 0.05, { above: 0, max: 1 }),
  };
}
