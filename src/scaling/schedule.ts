/**
 * Keeps the replicas within limits that depend on the time of day and week.
 *
 * A window goes from one cron expression to another, in a time zone, its daylight saving included: from
 * `0 9 * * 1-5` to `0 18 * * 1-5` with min 4 and max 10. The first window that is open counts, else `otherwise`.
 * With `preWarm` its minimum holds so much earlier: replicas that take 10 minutes to load are asked for at 8:50.
 * With a `policy` its decision is brought within the limits, 12 becoming 10; alone it calls for the minimum, so
 * that in `maxOf` it is a floor.
 *
 * Needs a wall clock that is right: `ScalingSituation.wallTime`. One that is not a time makes it have no opinion.
 * While the policy has no opinion the minimum still holds and the maximum does not: no data is no reason to shrink.
 * Not for a date: a window that opens once a year is found, but slowly.
 */
import { Cron } from 'croner';
import { numberOption, optionFields, withMethods } from '../core/option-checks.js';
import type { ScalingPolicy } from '../core/scaling.js';
import { InvalidOptionError } from '../errors.js';

/** Bounds on replicas. */
export interface ScheduleLimits {
  /** Integer >= 0. */
  readonly min: number;
  /** Integer >= `min`. */
  readonly max: number;
}

/** Bounds that hold from one minute of the clock to another. */
export interface ScheduleWindow extends ScheduleLimits {
  /** Cron expression of five fields: when it opens, that minute included. */
  readonly start: string;
  /** When it closes, that minute no more. */
  readonly end: string;
  /** How much earlier its limits hold, where they are higher, in ms. At least 0; default: the schedule's. */
  readonly preWarm?: number;
}

/** Options of `schedule`. */
export interface ScheduleOptions {
  /** As in the tz database: `Europe/Berlin`. No default: the server's own zone is seldom the users'. */
  readonly timeZone: string;
  /** Where they overlap, the first counts. */
  readonly windows: readonly ScheduleWindow[];
  /** The limits at all other times. */
  readonly otherwise: ScheduleLimits;
  /** For windows that do not say, in ms. At least 0, default 0. */
  readonly preWarm?: number;
  /** What is kept within the limits. Default: none, and the minimum is called for. */
  readonly policy?: ScalingPolicy;
}

/**
 * Limits by the clock.
 *
 * @throws InvalidOptionError, for cron expressions and time zones too
 */
export function schedule(options: ScheduleOptions): ScalingPolicy {
  const fields = optionFields('schedule', options, ['timeZone', 'windows', 'otherwise', 'preWarm', 'policy']);
  const { timeZone } = fields;
  if (!isTimeZone(timeZone))
    throw new InvalidOptionError('schedule.timeZone', 'must be a time zone such as Europe/Berlin', timeZone);
  const preWarm = numberOption('schedule.preWarm', fields.preWarm, 0, { min: 0 });
  const otherwise = limitsOption('schedule.otherwise', fields.otherwise, []);
  if (!Array.isArray(fields.windows))
    throw new InvalidOptionError('schedule.windows', 'must be a list', fields.windows);
  const windows = fields.windows.map(
    (window: unknown, index) => new Window(`schedule.windows[${index}]`, window, { timeZone, preWarm }),
  );
  const policy = withMethods('schedule.policy', fields.policy as ScalingPolicy | undefined, ['decide']);

  /** The limits now: those of the open window, raised to those of windows that open soon. */
  const limitsAt = (wallTime: number): ScheduleLimits => {
    const open = windows.find((window) => window.isOpen(wallTime)) ?? otherwise;
    const soon = windows.filter((window) => window.opensSoon(wallTime));
    return {
      min: Math.max(open.min, ...soon.map(({ min }) => min)),
      max: Math.max(open.max, ...soon.map(({ max }) => max)),
    };
  };
  return {
    name: policy === undefined ? 'schedule' : `schedule(${policy.name})`,
    decide(situation) {
      const { wallTime, replicas } = situation;
      // Asked in any case: it may remember.
      const wanted = policy?.decide(situation);
      if (!isTime(wallTime)) return undefined;
      const { min, max } = limitsAt(wallTime);
      if (policy === undefined) return { replicas: min, reason: `scheduled: at least ${min}` };
      if (wanted === undefined || !Number.isFinite(wanted.replicas))
        return replicas.desired < min ? { replicas: min, reason: `scheduled: at least ${min}` } : undefined;
      const kept = Math.min(Math.max(wanted.replicas, min), max);
      if (kept === wanted.replicas) return wanted;
      return { replicas: kept, reason: `${wanted.reason}; scheduled: ${min} to ${max}` };
    },
  };
}

/** The next opening and closing, reckoned again only when one of them has come. */
class Window implements ScheduleLimits {
  readonly min: number;
  readonly max: number;
  readonly #preWarm: number;
  readonly #start: Cron;
  readonly #end: Cron;
  #reckoned = { at: Number.POSITIVE_INFINITY, opens: 0, closes: 0 };

  constructor(
    option: string,
    window: unknown,
    defaults: { readonly timeZone: string; readonly preWarm: number },
  ) {
    const { min, max } = limitsOption(option, window, ['start', 'end', 'preWarm']);
    const { start, end, preWarm } = window as ScheduleWindow;
    this.min = min;
    this.max = max;
    this.#preWarm = numberOption(`${option}.preWarm`, preWarm, defaults.preWarm, { min: 0 });
    this.#start = cronOption(`${option}.start`, start, defaults.timeZone);
    this.#end = cronOption(`${option}.end`, end, defaults.timeZone);
  }

  /** An open window closes before it opens again. */
  isOpen(wallTime: number): boolean {
    const { opens, closes } = this.#reckon(wallTime);
    return closes < opens;
  }

  opensSoon(wallTime: number): boolean {
    return this.#reckon(wallTime).opens - wallTime <= this.#preWarm;
  }

  #reckon(wallTime: number): { readonly opens: number; readonly closes: number } {
    const { at, opens, closes } = this.#reckoned;
    // Also when the clock has been set back.
    if (wallTime < at || wallTime >= opens || wallTime >= closes) {
      const now = new Date(wallTime);
      this.#reckoned = { at: wallTime, opens: nextRun(this.#start, now), closes: nextRun(this.#end, now) };
    }
    return this.#reckoned;
  }
}

/** Strictly after `now`. An expression that never comes again is never. */
function nextRun(cron: Cron, now: Date): number {
  return cron.nextRun(now)?.getTime() ?? Number.POSITIVE_INFINITY;
}

function limitsOption(option: string, limits: unknown, others: readonly string[]): ScheduleLimits {
  const { min = null, max = null } = optionFields(option, limits ?? null, [...others, 'min', 'max']);
  const least = numberOption(`${option}.min`, min, 0, { integer: true, min: 0 });
  return { min: least, max: numberOption(`${option}.max`, max, 0, { integer: true, min: least }) };
}

function cronOption(option: string, expression: unknown, timezone: string): Cron {
  if (typeof expression !== 'string')
    throw new InvalidOptionError(option, 'must be a cron expression', expression);
  try {
    const cron = new Cron(expression, { timezone, mode: '5-part', paused: true });
    // Some expressions parse and can never be: 31 February.
    if (cron.nextRun(new Date(0)) !== null) return cron;
  } catch {
    // Said below, in our words: croner's speak of its own options.
  }
  throw new InvalidOptionError(
    option,
    'must be a cron expression of five fields that comes to pass',
    expression,
  );
}

function isTimeZone(zone: unknown): zone is string {
  if (typeof zone !== 'string' || zone === '') return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

/** Within what a Date can hold. */
function isTime(wallTime: number): boolean {
  return Math.abs(wallTime) <= 8.64e15;
}
