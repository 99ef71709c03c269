import { describe, expect, it } from 'vitest';
import type { ScalingPolicy } from '../../../src/core/scaling.js';
import { InvalidOptionError } from '../../../src/errors.js';
import { queueDepthTiers } from '../../../src/scaling/queue-depth-tiers.js';
import { type ScheduleOptions, schedule } from '../../../src/scaling/schedule.js';
import { fakeSituation } from '../../../src/testing/fake-situation.js';

const MINUTE = 60_000;

/** Working hours 4 to 10, weekends 1 to 2, otherwise 2 to 4. */
const WEEK = {
  timeZone: 'Europe/Berlin',
  windows: [
    { start: '0 9 * * 1-5', end: '0 18 * * 1-5', min: 4, max: 10 },
    { start: '0 0 * * 6', end: '0 0 * * 1', min: 1, max: 2 },
  ],
  otherwise: { min: 2, max: 4 },
};

/** `[least, most]` at a time with its offset, as in `2026-01-05T09:00+01:00`. */
function limits(policyOptions: ScheduleOptions) {
  const wishing = (replicas: number): ScalingPolicy => ({
    name: 'wish',
    decide: () => ({ replicas, reason: 'wished' }),
  });
  const least = schedule({ ...policyOptions, policy: wishing(0) });
  const most = schedule({ ...policyOptions, policy: wishing(1000) });
  return (time: string): (number | undefined)[] => {
    const situation = fakeSituation({ wallTime: Date.parse(time) });
    return [least, most].map((policy) => policy.decide(situation)?.replicas);
  };
}

describe('schedule', () => {
  it('has limits for working hours, for weekends and for the rest', () => {
    const at = limits(WEEK);
    // 5 January 2026 is a Monday.
    expect(at('2026-01-05T00:00+01:00')).toEqual([2, 4]);
    expect(at('2026-01-05T08:59:59.999+01:00')).toEqual([2, 4]);
    expect(at('2026-01-05T09:00+01:00')).toEqual([4, 10]);
    expect(at('2026-01-05T17:59:59.999+01:00')).toEqual([4, 10]);
    expect(at('2026-01-05T18:00+01:00')).toEqual([2, 4]);
    expect(at('2026-01-09T17:00+01:00')).toEqual([4, 10]);
    expect(at('2026-01-09T23:59+01:00')).toEqual([2, 4]);
    expect(at('2026-01-10T00:00+01:00')).toEqual([1, 2]);
    expect(at('2026-01-11T23:59+01:00')).toEqual([1, 2]);
    expect(at('2026-01-12T00:00+01:00')).toEqual([2, 4]);
  });

  it('keeps to local time when the clocks change', () => {
    const at = limits(WEEK);
    // Summer time begins on Sunday, 29 March 2026, and ends on Sunday, 25 October.
    expect(at('2026-03-27T08:30+01:00')).toEqual([2, 4]);
    expect(at('2026-03-27T09:00+01:00')).toEqual([4, 10]);
    expect(at('2026-03-30T09:00+02:00')).toEqual([4, 10]);
    expect(at('2026-03-30T08:59+02:00')).toEqual([2, 4]);
    expect(at('2026-10-23T09:00+02:00')).toEqual([4, 10]);
    expect(at('2026-10-26T08:59+01:00')).toEqual([2, 4]);
    expect(at('2026-10-26T09:00+01:00')).toEqual([4, 10]);
  });

  it('opens after the gap when the clocks go forward over its beginning, and closes as ever', () => {
    const night = { ...WEEK, windows: [{ start: '30 2 * * *', end: '0 4 * * *', min: 6, max: 9 }] };
    const at = limits(night);
    expect(at('2026-03-29T01:59+01:00')).toEqual([2, 4]);
    // 2:30 does not exist that night; 3:00 summer time comes right after 1:59.
    expect(at('2026-03-29T03:00+02:00')).toEqual([6, 9]);
    expect(at('2026-03-29T03:30+02:00')).toEqual([6, 9]);
    expect(at('2026-03-29T04:00+02:00')).toEqual([2, 4]);
    expect(at('2026-03-30T02:30+02:00')).toEqual([6, 9]);
  });

  it('stays open through the hour that comes twice, and opens once', () => {
    const night = { ...WEEK, windows: [{ start: '30 2 * * *', end: '0 4 * * *', min: 6, max: 9 }] };
    const at = limits(night);
    expect(at('2026-10-25T02:15+02:00')).toEqual([2, 4]);
    expect(at('2026-10-25T02:30+02:00')).toEqual([6, 9]);
    expect(at('2026-10-25T02:15+01:00')).toEqual([6, 9]);
    expect(at('2026-10-25T03:59+01:00')).toEqual([6, 9]);
    expect(at('2026-10-25T04:00+01:00')).toEqual([2, 4]);
  });

  it('goes over midnight', () => {
    const late = { ...WEEK, windows: [{ start: '0 22 * * *', end: '0 6 * * *', min: 1, max: 1 }] };
    const at = limits(late);
    expect(at('2026-01-05T21:59+01:00')).toEqual([2, 4]);
    expect(at('2026-01-05T23:59+01:00')).toEqual([1, 1]);
    expect(at('2026-01-06T05:59+01:00')).toEqual([1, 1]);
    expect(at('2026-01-06T06:00+01:00')).toEqual([2, 4]);
  });

  it('raises the limits ahead of a window, and lowers them no earlier', () => {
    const at = limits({ ...WEEK, preWarm: 15 * MINUTE });
    expect(at('2026-01-05T08:44:59+01:00')).toEqual([2, 4]);
    expect(at('2026-01-05T08:45+01:00')).toEqual([4, 10]);
    expect(at('2026-01-05T17:59+01:00')).toEqual([4, 10]);
    // The weekend has lower limits: they wait for their time.
    expect(at('2026-01-09T23:50+01:00')).toEqual([2, 4]);
  });

  it('has three replicas at 6:45 in Karachi for the rush from 7 to 9', () => {
    const morning = {
      timeZone: 'Asia/Karachi',
      windows: [{ start: '0 7 * * *', end: '0 9 * * *', min: 3, max: 6, preWarm: 15 * MINUTE }],
      otherwise: { min: 1, max: 6 },
    };
    const at = limits(morning);
    expect(at('2026-01-05T06:44+05:00')).toEqual([1, 6]);
    expect(at('2026-01-05T06:45+05:00')).toEqual([3, 6]);
    expect(at('2026-01-05T08:59+05:00')).toEqual([3, 6]);
    expect(at('2026-01-05T09:00+05:00')).toEqual([1, 6]);
  });

  it('takes the first of the windows that overlap', () => {
    const windows = [
      { start: '0 12 * * *', end: '0 13 * * *', min: 7, max: 7 },
      { start: '0 9 * * *', end: '0 18 * * *', min: 4, max: 10 },
    ];
    const at = limits({ ...WEEK, windows });
    expect(['11:59', '12:00', '13:00'].map((time) => at(`2026-01-05T${time}+01:00`))).toEqual([
      [4, 10],
      [7, 7],
      [4, 10],
    ]);
  });

  it('calls for the minimum when it is alone', () => {
    const policy = schedule(WEEK);
    const wallTime = Date.parse('2026-01-05T12:00+01:00');
    expect(policy.decide(fakeSituation({ wallTime, desired: 9 }))).toEqual({
      replicas: 4,
      reason: 'scheduled: at least 4',
    });
  });

  it('passes on a decision that is within the limits as it is', () => {
    const policy = schedule({ ...WEEK, policy: queueDepthTiers() });
    const wallTime = Date.parse('2026-01-05T12:00+01:00');
    expect(policy.decide(fakeSituation({ wallTime, queued: 30 }))).toEqual({
      replicas: 8,
      reason: 'queue depth 30 is above 20',
    });
    expect(policy.decide(fakeSituation({ wallTime, queued: 0 }))?.replicas).toBe(4);
  });

  it('raises the fleet to the minimum while the policy has no opinion, and does not lower it', () => {
    const policy = schedule({ ...WEEK, policy: { name: 'silent', decide: () => undefined } });
    const decide = (time: string, desired: number) =>
      policy.decide(fakeSituation({ wallTime: Date.parse(time), desired }))?.replicas;
    expect(decide('2026-01-05T12:00+01:00', 2)).toBe(4);
    expect(decide('2026-01-05T12:00+01:00', 8)).toBeUndefined();
    expect(decide('2026-01-05T20:00+01:00', 8)).toBeUndefined();
  });

  it('has no opinion when the time is no time, and follows a clock that is set back', () => {
    const at = limits(WEEK);
    expect(at('nonsense')).toEqual([undefined, undefined]);
    expect(at('2026-01-05T12:00+01:00')).toEqual([4, 10]);
    expect(at('2026-01-05T08:00+01:00')).toEqual([2, 4]);
    expect(at('2019-01-05T12:00+01:00')).toEqual([1, 2]);
    expect(at('2026-01-05T12:00+01:00')).toEqual([4, 10]);
  });

  it.each<[string, object]>([
    ['schedule.nonsense', { nonsense: 1 }],
    ['schedule.timeZone', { timeZone: 'Europe/Nowhere' }],
    ['schedule.timeZone', { timeZone: undefined }],
    ['schedule.preWarm', { preWarm: -1 }],
    ['schedule.policy', { policy: {} }],
    ['schedule.otherwise', { otherwise: undefined }],
    ['schedule.otherwise.min', { otherwise: { max: 3 } }],
    ['schedule.otherwise.max', { otherwise: { min: 3, max: 2 } }],
    ['schedule.windows', { windows: undefined }],
    ['schedule.windows[0].start', { windows: [{ start: '0 25 * * *', end: '0 9 * * *', min: 1, max: 2 }] }],
    ['schedule.windows[0].start', { windows: [{ start: '0 0 31 2 *', end: '0 9 * * *', min: 1, max: 2 }] }],
    ['schedule.windows[0].end', { windows: [{ start: '0 9 * * *', end: '0 0 9 * * *', min: 1, max: 2 }] }],
    ['schedule.windows[0].end', { windows: [{ start: '0 9 * * *', min: 1, max: 2 }] }],
    [
      'schedule.windows[0].preWarm',
      { windows: [{ start: '0 9 * * *', end: '0 10 * * *', min: 1, max: 2, preWarm: Number.NaN }] },
    ],
    ['schedule.windows[0].cron', { windows: [{ cron: '0 9 * * *', min: 1, max: 2 }] }],
  ])('refuses a bad `%s`', (option, options) => {
    const build = () => schedule({ ...WEEK, ...options } as ScheduleOptions);
    expect(build).toThrow(InvalidOptionError);
    expect(build).toThrow(`\`${option}\``);
  });
});
