import { numberOption, optionFields } from '../../core/option-checks.js';

/** How endpoints with a `healthPath` are asked whether they are ready. Times in ms. */
export interface ProbeOptions {
  /** Longest time between two probes of one endpoint; each is random in [0.8, 1) of it. Default 5 000. */
  readonly interval: number;
  /** How long a probe may take, its body included, before it counts as a no. Default 2 000. */
  readonly timeout: number;
  /** Answers in a row that must be yes before an endpoint is ready. Integer >= 1, default 1. */
  readonly healthyThreshold: number;
  /**
   * Answers in a row that must be no before an endpoint that was ready is warming again. With it, ready endpoints are
   * asked as well. Integer >= 1, default `Infinity`: they are not asked.
   */
  readonly unhealthyThreshold: number;
}

const KEYS: readonly (keyof ProbeOptions)[] = [
  'interval',
  'timeout',
  'healthyThreshold',
  'unhealthyThreshold',
];

/** @throws InvalidOptionError with the path of the option, as in `probe.interval` */
export function resolveProbeOptions(options?: Partial<ProbeOptions>): ProbeOptions {
  const given = optionFields('probe', options, KEYS);
  return {
    interval: numberOption('probe.interval', given.interval, 5_000, { above: 0 }),
    timeout: numberOption('probe.timeout', given.timeout, 2_000, { above: 0 }),
    healthyThreshold: numberOption('probe.healthyThreshold', given.healthyThreshold, 1, {
      integer: true,
      min: 1,
    }),
    unhealthyThreshold:
      given.unhealthyThreshold === Number.POSITIVE_INFINITY
        ? given.unhealthyThreshold
        : numberOption('probe.unhealthyThreshold', given.unhealthyThreshold, Number.POSITIVE_INFINITY, {
            integer: true,
            min: 1,
          }),
  };
}
