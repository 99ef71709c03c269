import { describe, expect, it } from 'vitest';
import type { ScalingPod } from '../../../src/core/scaling.js';
import { InvalidOptionError } from '../../../src/errors.js';
import {
  demandPerReplica,
  type ExternalMetric,
  type HorizontalBehavior,
  type HorizontalOptions,
  horizontal,
  outstandingPerReplica,
  queueDepthPerReplica,
} from '../../../src/scaling/horizontal.js';
import { type FakeSituation, fakeSituation } from '../../../src/testing/fake-situation.js';

const POD_LOAD = { type: 'Pods', name: 'load', target: { averageValue: 100 } } as const;
const CPU = { type: 'Resource', name: 'cpu', target: { averageUtilization: 70 } } as const;
const DEFAULT_BEHAVIOR: HorizontalBehavior = { scaleUp: {}, scaleDown: {} };

function pod(index: number, fields: Partial<ScalingPod> = {}): ScalingPod {
  return {
    name: `pod-${index}`,
    phase: 'Running',
    ready: true,
    startedAt: -1e9,
    readyChangedAt: -1e9,
    ...fields,
  };
}

/** So many ready pods that all read `value`. */
function loaded(count: number, value: number): ScalingPod[] {
  return Array.from({ length: count }, (_, index) => pod(index, { readings: { load: { value } } }));
}

/** What it chooses at once. */
function choose(options: Partial<HorizontalOptions>, situation: FakeSituation): number | undefined {
  const policy = horizontal({
    metrics: [POD_LOAD],
    min: 1,
    max: 1000,
    behavior: DEFAULT_BEHAVIOR,
    ...options,
  });
  return policy.decide(fakeSituation(situation))?.replicas;
}

/** A metric that calls for exactly the number it is told, whatever the fleet. */
function calling(): { metric: ExternalMetric; replicas: number } {
  const told = {
    replicas: 0,
    metric: {
      type: 'External',
      name: 'told',
      target: { averageValue: 1 },
      read: () => told.replicas,
    } as const,
  };
  return told;
}

/** Follows a policy every `every` seconds, carrying out what it decides. */
function follow(options: Partial<HorizontalOptions>, start: number, wanted: (seconds: number) => number) {
  const told = calling();
  const policy = horizontal({ metrics: [told.metric], min: 1, max: 1000, tolerance: 0, ...options });
  let desired = start;
  return (seconds: number): number => {
    told.replicas = wanted(seconds);
    desired = policy.decide(fakeSituation({ now: seconds * 1000, desired }))?.replicas ?? desired;
    return desired;
  };
}

describe('horizontal, by the test vectors of the HPA', () => {
  it('makes two of one pod at twice its target', () => {
    expect(choose({}, { desired: 1, pods: loaded(1, 200) })).toBe(2);
  });

  it('changes nothing at a ratio of exactly 1.1 or 0.9', () => {
    expect(choose({}, { desired: 10, pods: loaded(10, 110) })).toBe(10);
    expect(
      choose(
        { behavior: { scaleDown: { stabilizationWindowSeconds: 0 } } },
        { desired: 10, pods: loaded(10, 90) },
      ),
    ).toBe(10);
  });

  it('makes 12 of 10 pods at a ratio of 1.2, and at 1.11', () => {
    expect(choose({}, { desired: 10, pods: loaded(10, 120) })).toBe(12);
    expect(choose({}, { desired: 10, pods: loaded(10, 111) })).toBe(12);
  });

  it('goes from 80 to 10 by 10 % or 4 pods a minute, whichever is more', () => {
    const behavior: HorizontalBehavior = {
      scaleDown: {
        stabilizationWindowSeconds: 0,
        policies: [
          { type: 'Percent', value: 10, periodSeconds: 60 },
          { type: 'Pods', value: 4, periodSeconds: 60 },
        ],
      },
    };
    const at = follow({ behavior }, 80, () => 10);
    const steps = Array.from({ length: 14 }, (_, minute) => at(minute * 60));
    expect(steps).toEqual([72, 64, 57, 51, 45, 40, 36, 32, 28, 24, 20, 16, 12, 10]);
  });

  it('makes 111 of 100 pods at 10 %, as floating point has it in Go as well', () => {
    const policies = [{ type: 'Percent', value: 10, periodSeconds: 60 }] as const;
    expect(follow({ behavior: { scaleUp: { policies } } }, 100, () => 1000)(0)).toBe(111);
  });

  it('goes from 1 to 1000 by 4 pods first, then by doubling', () => {
    const at = follow({ behavior: DEFAULT_BEHAVIOR }, 1, () => 1000);
    const steps = Array.from({ length: 9 }, (_, tick) => at(tick * 15));
    expect(steps).toEqual([5, 10, 20, 40, 80, 160, 320, 640, 1000]);
  });

  it('does not shrink for a dip of 15 s, and after 300 s of lower recommendations does', () => {
    const at = follow({ behavior: DEFAULT_BEHAVIOR }, 8, (seconds) =>
      seconds === 600 || seconds >= 900 ? 3 : 8,
    );
    const seen = Array.from({ length: 90 }, (_, tick) => at(tick * 15));
    // The last 8 was recommended at 885 s, so that it is 300 s old at 1185.
    expect(seen.slice(0, 79)).toEqual(Array.from({ length: 79 }, () => 8));
    expect(seen[79]).toBe(3);
  });

  it.each([
    ['without behaviour', undefined, 300],
    ['with the default behaviour', DEFAULT_BEHAVIOR, 299.999],
  ])('%s keeps a recommendation of 8 at t = 0 until it is 300 s old', (_name, behavior, last) => {
    const at = follow({ behavior }, 8, (seconds) => (seconds === 0 ? 8 : 3));
    for (const seconds of [0, 15, 150, 285, last]) expect([seconds, at(seconds)]).toEqual([seconds, 8]);
    expect(at(300.001)).toBe(3);
  });
});

describe('horizontal', () => {
  it('divides what waits, what is outstanding, or both by the target for each replica', () => {
    const situation = { desired: 4, queued: 23, outstanding: 30 };
    expect(choose({ metrics: [queueDepthPerReplica(5)] }, situation)).toBe(5);
    expect(choose({ metrics: [outstandingPerReplica(5)] }, situation)).toBe(6);
    expect(choose({ metrics: [demandPerReplica(5)] }, situation)).toBe(8);
  });

  it('does not count replicas that still start a second time', () => {
    // 20 wait and 4 were asked for: those that load are among the 4, and no more are wanted.
    expect(choose({ metrics: [queueDepthPerReplica(5)] }, { desired: 4, ready: 1, queued: 20 })).toBe(4);
  });

  it('multiplies the ready pods alone by the ratio of a total', () => {
    const metric = { type: 'External', name: 'total', target: { value: 10 }, read: () => 20 } as const;
    expect(choose({ metrics: [metric] }, { desired: 4, ready: 3 })).toBe(6);
    const pods = [pod(0), pod(1), pod(2, { ready: false }), pod(3, { phase: 'Pending' })];
    expect(choose({ metrics: [metric] }, { desired: 4, pods })).toBe(4);
  });

  it('takes pods without a reading for idle when it would grow, and for on target when it would shrink', () => {
    const missing = pod(9);
    // 3 x 150 / 4 pods is 112.5: 1.125 x 4 rounded up.
    expect(choose({}, { desired: 4, pods: [...loaded(3, 150), missing] })).toBe(5);
    // (3 x 50 + 100) / 4 is 62.5.
    const behavior = { scaleDown: { stabilizationWindowSeconds: 0 } };
    expect(choose({ behavior }, { desired: 4, pods: [...loaded(3, 50), missing] })).toBe(3);
    // With two of five unknown the ratio turns from 1.2 to 0.72: it stays.
    expect(choose({}, { desired: 5, pods: [...loaded(3, 120), missing, pod(8)] })).toBe(5);
  });

  it('takes pending pods for idle when it would grow, and leaves them out when it would shrink', () => {
    const pending = pod(9, { phase: 'Pending' });
    expect(choose({}, { desired: 4, pods: [...loaded(3, 150), pending] })).toBe(5);
    const behavior = { scaleDown: { stabilizationWindowSeconds: 0 } };
    expect(choose({ behavior }, { desired: 4, pods: [...loaded(3, 50), pending] })).toBe(2);
  });

  it('does not believe the CPU of a pod that starts', () => {
    const cpu = (index: number, value: number, fields: Partial<ScalingPod> = {}) =>
      pod(index, {
        readings: { cpu: { value, observedAt: 60_000, window: 30_000 } },
        requests: { cpu: 1 },
        ...fields,
      });
    const steady = [cpu(0, 0.7), cpu(1, 0.7)];
    const situation = (newcomer: ScalingPod) => ({ now: 60_000, desired: 3, pods: [...steady, newcomer] });
    // Ready for 40 s: its window of 30 s lies in that time. (0.7 + 0.7 + 1.6) / 3 is 100 %, so ceil(3 x 100 / 70).
    const settled = cpu(2, 1.6, { startedAt: 0, readyChangedAt: 20_000 });
    expect(choose({ metrics: [CPU] }, situation(settled))).toBe(5);
    const justReady = cpu(2, 1.6, { startedAt: 0, readyChangedAt: 40_000 });
    expect(choose({ metrics: [CPU] }, situation(justReady))).toBe(3);
    const notReady = cpu(2, 1.6, { startedAt: 0, readyChangedAt: 0, ready: false });
    expect(choose({ metrics: [CPU] }, situation(notReady))).toBe(3);
    // Past its initialisation, a pod that was ready once counts though it is not now.
    const lost = cpu(2, 1.6, { startedAt: -400_000, readyChangedAt: 50_000, ready: false });
    expect(choose({ metrics: [CPU] }, situation(lost))).toBe(5);
    const never = cpu(2, 1.6, { startedAt: -400_000, readyChangedAt: -390_000, ready: false });
    expect(choose({ metrics: [CPU] }, situation(never))).toBe(3);
  });

  it('has no opinion when one pod does not say what it requested', () => {
    const pods = [
      pod(0, { readings: { cpu: { value: 1 } }, requests: { cpu: 1 } }),
      pod(1, { readings: { cpu: { value: 1 } } }),
    ];
    expect(choose({ metrics: [CPU] }, { desired: 2, pods })).toBeUndefined();
  });

  it('follows the metric that calls for most', () => {
    const situation = { desired: 4, queued: 40, pods: loaded(4, 200) };
    expect(choose({ metrics: [queueDepthPerReplica(10), POD_LOAD] }, situation)).toBe(8);
    expect(
      choose(
        {
          metrics: [queueDepthPerReplica(2), POD_LOAD],
          behavior: { scaleUp: { policies: [{ type: 'Pods', value: 100, periodSeconds: 15 }] } },
        },
        situation,
      ),
    ).toBe(20);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, undefined])(
    'does not shrink while a metric is %s, and still grows',
    (value) => {
      const metrics = [
        queueDepthPerReplica(5),
        { type: 'External', name: 'lost', target: { value: 1 }, read: () => value } as const,
      ];
      const behavior = { scaleDown: { stabilizationWindowSeconds: 0 } };
      expect(choose({ metrics, behavior }, { desired: 4, queued: 0 })).toBeUndefined();
      expect(choose({ metrics, behavior }, { desired: 4, queued: 30 })).toBe(6);
      expect(choose({ metrics: metrics.slice(1), behavior }, { desired: 4, queued: 30 })).toBeUndefined();
    },
  );

  it('takes pods that read NaN for missing', () => {
    expect(choose({}, { desired: 2, pods: loaded(2, Number.NaN) })).toBeUndefined();
  });

  it('is off at 0 replicas, unless the minimum is 0: then it begins from nothing', () => {
    expect(choose({ metrics: [queueDepthPerReplica(5)] }, { desired: 0, queued: 30 })).toBe(0);
    expect(choose({ metrics: [queueDepthPerReplica(5)], min: 0 }, { desired: 0, queued: 13 })).toBe(3);
    expect(choose({ metrics: [queueDepthPerReplica(5)], min: 0 }, { desired: 0, queued: 0 })).toBe(0);
  });

  it('brings the fleet within its limits without asking a metric', () => {
    const metrics = [
      { type: 'External', name: 'lost', target: { value: 1 }, read: () => Number.NaN } as const,
    ];
    expect(choose({ metrics, min: 3, max: 5 }, { desired: 9 })).toBe(5);
    expect(choose({ metrics, min: 3, max: 5 }, { desired: 1 })).toBe(3);
  });

  it('waits out the window before it grows', () => {
    const behavior: HorizontalBehavior = { scaleUp: { stabilizationWindowSeconds: 60 } };
    const at = follow({ behavior }, 2, (seconds) => (seconds < 30 ? 2 : 6));
    expect([0, 15, 30, 45, 60, 75, 90].map(at)).toEqual([2, 2, 2, 2, 2, 6, 6]);
  });

  it('adds 2 pods a minute after a window of a minute, and takes one away every 2 minutes after 5', () => {
    const behavior: HorizontalBehavior = {
      scaleUp: { stabilizationWindowSeconds: 60, policies: [{ type: 'Pods', value: 2, periodSeconds: 60 }] },
      scaleDown: {
        stabilizationWindowSeconds: 300,
        policies: [{ type: 'Pods', value: 1, periodSeconds: 120 }],
      },
    };
    const at = follow({ behavior, min: 2, max: 10 }, 2, (seconds) => (seconds > 0 && seconds < 600 ? 10 : 2));
    const changes = new Map<number, number>();
    for (let seconds = 0, before = 2; seconds <= 2000; seconds += 15) {
      const now = at(seconds);
      if (now !== before) changes.set(seconds, now);
      before = now;
    }
    expect([...changes].slice(0, 7)).toEqual([
      [60, 4],
      [120, 6],
      [180, 8],
      [240, 10],
      [885, 9],
      [1005, 8],
      [1125, 7],
    ]);
  });

  it('never grows or shrinks where a direction is disabled', () => {
    const frozen: HorizontalBehavior = {
      scaleUp: { selectPolicy: 'Disabled' },
      scaleDown: { selectPolicy: 'Disabled', stabilizationWindowSeconds: 0 },
    };
    const at = follow({ behavior: frozen }, 5, (seconds) => (seconds < 100 ? 9 : 1));
    expect([0, 60, 120, 180].map(at)).toEqual([5, 5, 5, 5]);
  });

  it('counts in its pace only what was carried out', () => {
    const told = calling();
    const policies = [{ type: 'Pods', value: 2, periodSeconds: 600 }] as const;
    const policy = horizontal({ metrics: [told.metric], max: 100, behavior: { scaleUp: { policies } } });
    told.replicas = 50;
    const decide = (seconds: number, desired: number) =>
      policy.decide(fakeSituation({ now: seconds * 1000, desired }))?.replicas;
    expect(decide(0, 10)).toBe(12);
    // It was not: there are still 10, and 2 may be added.
    expect(decide(15, 10)).toBe(12);
    // Now it was, and the pace is used up until 600 s after.
    expect(decide(30, 12)).toBe(12);
    expect(decide(614, 12)).toBe(12);
    expect(decide(616, 12)).toBe(14);
  });

  it('takes a clock that jumps back for one that stands still', () => {
    const at = follow({ behavior: DEFAULT_BEHAVIOR }, 8, (seconds) => (seconds === 1000 ? 8 : 3));
    expect([1000, 10, 20, Number.NaN].map(at)).toEqual([8, 8, 8, 8]);
    expect(at(1301)).toBe(3);
  });

  it.each<[string, Record<string, unknown>]>([
    ['horizontal.nonsense', { nonsense: 1 }],
    ['horizontal.metrics', { metrics: [] }],
    ['horizontal.metrics[0].type', { metrics: [{ type: 'Object', name: 'x', target: { value: 1 } }] }],
    ['horizontal.metrics[0].name', { metrics: [{ ...POD_LOAD, name: '' }] }],
    ['horizontal.metrics[0].read', { metrics: [{ ...POD_LOAD, read: () => 1 }] }],
    ['horizontal.metrics[0].read', { metrics: [{ ...queueDepthPerReplica(5), read: undefined }] }],
    ['horizontal.metrics[0].target', { metrics: [{ ...queueDepthPerReplica(5), target: {} }] }],
    [
      'horizontal.metrics[0].target',
      { metrics: [{ ...queueDepthPerReplica(5), target: { value: 1, averageValue: 1 } }] },
    ],
    ['horizontal.metrics[0].target.averageValue', { metrics: [queueDepthPerReplica(0)] }],
    ['horizontal.metrics[0].target.value', { metrics: [{ ...POD_LOAD, target: { value: 5 } }] }],
    ['horizontal.min', { min: -1 }],
    ['horizontal.max', { min: 5, max: 4 }],
    ['horizontal.max', { max: undefined }],
    ['horizontal.tolerance', { tolerance: -0.1 }],
    ['horizontal.downscaleStabilization', { downscaleStabilization: Number.NaN }],
    ['horizontal.cpuInitializationPeriod', { cpuInitializationPeriod: -1 }],
    ['horizontal.initialReadinessDelay', { initialReadinessDelay: -1 }],
    ['horizontal.behavior.up', { behavior: { up: {} } }],
    [
      'horizontal.behavior.scaleUp.stabilizationWindowSeconds',
      { behavior: { scaleUp: { stabilizationWindowSeconds: 3601 } } },
    ],
    ['horizontal.behavior.scaleDown.selectPolicy', { behavior: { scaleDown: { selectPolicy: 'Least' } } }],
    ['horizontal.behavior.scaleUp.policies', { behavior: { scaleUp: { policies: [] } } }],
    ['horizontal.behavior.scaleUp.tolerance', { behavior: { scaleUp: { tolerance: Number.NaN } } }],
    [
      'horizontal.behavior.scaleUp.policies[0].type',
      { behavior: { scaleUp: { policies: [{ type: 'Share', value: 1, periodSeconds: 15 }] } } },
    ],
    [
      'horizontal.behavior.scaleUp.policies[0].value',
      { behavior: { scaleUp: { policies: [{ type: 'Pods', value: 0, periodSeconds: 15 }] } } },
    ],
    [
      'horizontal.behavior.scaleUp.policies[0].periodSeconds',
      { behavior: { scaleUp: { policies: [{ type: 'Pods', value: 1 }] } } },
    ],
  ])('refuses a bad `%s`', (option, options) => {
    const build = () => horizontal({ metrics: [POD_LOAD], max: 4, ...options } as HorizontalOptions);
    expect(build).toThrow(InvalidOptionError);
    expect(build).toThrow(`\`${option}\``);
  });
});
