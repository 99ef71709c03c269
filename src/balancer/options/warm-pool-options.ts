import type { ActivationHook } from '../../core/activation.js';
import { numberOption, optionFields } from '../../core/option-checks.js';
import { InvalidOptionError } from '../../errors.js';

/** When endpoints on standby are activated, and when they go back. */
export interface WarmPoolOptions {
  /** Requests outstanding and queued, over the places of those that work: from here on one more is activated. Default 0.8. */
  readonly activateAt: number;
  /** The same, over the places there would be without it: below this, one is no longer needed. Default 0.4. */
  readonly restAt: number;
  /** How long one must not have been needed before it goes back, in ms. Default 60 000. */
  readonly calm: number;
  /** Brings an endpoint to work and to rest, such as `vllmSleep()`. Default: nothing is to be done. */
  readonly hook: ActivationHook | undefined;
  /** How long the hook may take, in ms. Default 120 000. */
  readonly hookTimeout: number;
}

const KEYS: readonly (keyof WarmPoolOptions)[] = ['activateAt', 'restAt', 'calm', 'hook', 'hookTimeout'];

/**
 * Fills in the defaults. `false`: endpoints are activated by call alone.
 *
 * @throws InvalidOptionError with the path of the option, as in `warmPool.calm`
 */
export function resolveWarmPoolOptions(
  options: Partial<WarmPoolOptions> | false | undefined,
): WarmPoolOptions & { readonly automatic: boolean } {
  const given = options === false ? {} : optionFields('warmPool', options, KEYS);
  const activateAt = numberOption('warmPool.activateAt', given.activateAt, 0.8, { above: 0 });
  const restAt = numberOption('warmPool.restAt', given.restAt, Math.min(0.4, activateAt / 2), { above: 0 });
  if (restAt >= activateAt)
    throw new InvalidOptionError('warmPool.restAt', 'must be below warmPool.activateAt', restAt);
  return {
    automatic: options !== false,
    activateAt,
    restAt,
    calm: numberOption('warmPool.calm', given.calm, 60_000, { min: 0 }),
    hook: resolveHook(given.hook),
    hookTimeout: numberOption('warmPool.hookTimeout', given.hookTimeout, 120_000, { above: 0 }),
  };
}

function resolveHook(value: unknown): ActivationHook | undefined {
  if (value === undefined) return undefined;
  const hook = value as Partial<ActivationHook> | null;
  if (typeof hook?.activate !== 'function' || typeof hook.rest !== 'function')
    throw new InvalidOptionError('warmPool.hook', 'must be an object with activate(), rest()', value);
  return value as ActivationHook;
}
