import type { Clock } from '../../core/clock.js';
import { booleanOption, functionOption, numberOption, optionFields } from '../../core/option-checks.js';
import type { DesiredReplicas } from '../../core/scaling.js';
import { InvalidOptionError } from '../../errors.js';
import { systemClock } from '../../system.js';

/** `Incoming` is the request as its framework knows it. */
export interface DashboardOptions<Incoming> {
  /**
   * Whether this request may see the dashboard, and act where actions are on. Anything but `true` is no.
   * Without it the dashboard is served in development only: `NODE_ENV` is `development` or `test`.
   */
  authorize?(request: Incoming): boolean | Promise<boolean>;
  /** Lets whoever is authorized drain, activate and weigh endpoints, and put them on standby. Needs `authorize`. Default false. */
  readonly actions?: boolean;
  /** Shows what it would have beside what there is. */
  readonly autoscaler?: DesiredReplicas;
  /** Milliseconds between two updates: from 100 to 60 000, default 1 000. */
  readonly interval?: number;
  /** For tests. Default: the system's. */
  readonly clock?: Clock;
}

export interface DashboardSettings<Incoming> {
  readonly authorize: ((request: Incoming) => boolean | Promise<boolean>) | undefined;
  readonly actions: boolean;
  readonly autoscaler: DesiredReplicas | undefined;
  readonly interval: number;
  readonly clock: Clock;
}

/** @throws InvalidOptionError naming the option, the rule and the value */
export function dashboardSettings<Incoming>(
  options: DashboardOptions<Incoming> | undefined,
): DashboardSettings<Incoming> {
  const given = optionFields('options', options, [
    'authorize',
    'actions',
    'autoscaler',
    'interval',
    'clock',
  ]) as DashboardOptions<Incoming>;
  const authorize = functionOption('options.authorize', given.authorize)?.bind(given);
  const actions = booleanOption('options.actions', given.actions, false);
  if (actions && authorize === undefined)
    throw new InvalidOptionError('options.actions', 'needs options.authorize', actions);
  const { autoscaler } = given;
  if (autoscaler !== undefined && (typeof autoscaler !== 'object' || autoscaler === null))
    throw new InvalidOptionError('options.autoscaler', 'must have desiredReplicas', autoscaler);
  return {
    authorize,
    actions,
    autoscaler,
    interval: numberOption('options.interval', given.interval, 1_000, { min: 100, max: 60_000 }),
    clock: given.clock ?? systemClock,
  };
}
