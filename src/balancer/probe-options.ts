import { numberOption, optionFields } from '../core/option-checks.js';

/** How endpoints with a `healthPath` are asked whether they are ready. Times in ms. */
export interface ProbeOptions {
  /** Longest time between two probes of one endpoint; each is random in [0.8, 1) of it. Default 5 000. */
  readonly interval: number;
  /** How long a probe may take, its body included, before it counts as a no. Default 2 000. */
  readonly timeout: number;
}

/** @throws InvalidOptionError with the path of the option, as in `probe.interval` */
export function resolveProbeOptions(options?: Partial<ProbeOptions>): ProbeOptions {
  const given = optionFields('probe', options, ['interval', 'timeout']);
  return {
    interval: numberOption('probe.interval', given.interval, 5_000, { above: 0 }),
    timeout: numberOption('probe.timeout', given.timeout, 2_000, { above: 0 }),
  };
}
