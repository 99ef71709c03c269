import { numberOption, optionFields } from '../core/option-checks.js';

/** How an endpoint that joins or returns is eased in. After Envoy's slow start. */
export interface SlowStartOptions {
  /** Length of the ramp in ms. Default 30 000. */
  readonly window: number;
  /** Share of its weight with which an endpoint begins; in (0, 1]. Default 0.1. */
  readonly minFactor: number;
  /** 1 rises evenly; more than 1 rises fast at first, less than 1 slowly. Above 0, default 1. */
  readonly aggression: number;
}

const KEYS: readonly (keyof SlowStartOptions)[] = ['window', 'minFactor', 'aggression'];

/**
 * Fills in the defaults. `false` switches slow start off.
 *
 * @throws InvalidOptionError with the path of the option, as in `slowStart.window`
 */
export function resolveSlowStartOptions(
  options?: Partial<SlowStartOptions> | false,
): SlowStartOptions | false {
  if (options === false) return false;
  const given = optionFields('slowStart', options, KEYS);
  return {
    window: numberOption('slowStart.window', given.window, 30_000, { above: 0 }),
    minFactor: numberOption('slowStart.minFactor', given.minFactor, 0.1, { above: 0, max: 1 }),
    aggression: numberOption('slowStart.aggression', given.aggression, 1, { above: 0 }),
  };
}

/**
 * The share of its weight that an endpoint gets: `max(minFactor, (t / window)^(1 / aggression))`, t ms after
 * `begin`. With the defaults 0.1 until 3 s, 0.5 at 15 s, 1 from 30 s on. 1 as long as it was never begun.
 */
export class SlowStart {
  readonly #options: SlowStartOptions | false;
  #since: number | undefined;

  constructor(options: SlowStartOptions | false) {
    this.#options = options;
  }

  /** The endpoint has just joined a pool that carries load, or its breaker has closed again. */
  begin(now: number): void {
    this.#since = now;
  }

  /** It was begun once: the factor depends on the time. */
  get begun(): boolean {
    return this.#since !== undefined;
  }

  /** In (0, 1]. */
  factor(now: number): number {
    if (this.#options === false || this.#since === undefined) return 1;
    const { window, minFactor, aggression } = this.#options;
    const elapsed = now - this.#since;
    if (elapsed >= window) return 1;
    return Math.max(minFactor, (elapsed / window) ** (1 / aggression));
  }
}
