import type { Random } from '../core/clock.js';

/** Waiting before a retry, in ms. */
export interface BackoffOptions {
  /** Upper bound of the first wait. Default 50. */
  readonly base: number;
  /** Upper bound of any wait. Default 2 000. */
  readonly cap: number;
}

/**
 * A random wait in [0, min(cap, base x 2^retries)): "full jitter" of the AWS Architecture Blog, as in Envoy.
 * With the defaults below 50, 100, 200, … 2 000 ms.
 *
 * @param retries retries made before this one
 */
export function backoffDelay(retries: number, { base, cap }: BackoffOptions, random: Random): number {
  return random() * Math.min(cap, base * 2 ** retries);
}
