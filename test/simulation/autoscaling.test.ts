import { leastOutstanding } from 'evenkeel';
import type { ScalingPolicy, ScalingSituation } from 'evenkeel/autoscaling';
import {
  type AutoscalingOptions,
  generateTrace,
  type SimulationOptions,
  scalingChart,
  simulate,
} from 'evenkeel/simulation';
import { describe, expect, it } from 'vitest';

const MINUTE = 60_000;
const trace = generateTrace({
  rates: [
    [0, 2],
    [10 * MINUTE, 2],
  ],
});

/** Calls for so many from each time on, and notes what it was told. */
function script(steps: readonly (readonly [at: number, replicas: number])[]) {
  const seen: ScalingSituation[] = [];
  const policy: ScalingPolicy = {
    name: 'script',
    decide(situation) {
      seen.push(situation);
      const step = steps.findLast(([at]) => situation.now >= at);
      return step && { replicas: step[1], reason: 'as written' };
    },
  };
  return { seen, policy: () => policy };
}

function run(autoscaling: AutoscalingOptions, more: Partial<SimulationOptions> = {}) {
  return simulate({
    trace,
    fleet: 'a100',
    policy: () => leastOutstanding(),
    eventTokens: 1_000,
    autoscaling: { max: 8, costPerReplicaHour: 3, ...autoscaling },
    ...more,
  });
}

describe('a simulated fleet that scales', () => {
  it('has a new replica serve when it was scheduled, pulled and loaded, and knows it as starting till then', async () => {
    const { seen, policy } = script([[MINUTE, 3]]);
    const coldStart = { schedule: 5_000, pull: 10_000, load: 42_000 };
    const { autoscaling, endpoints } = await run({ policy, coldStart });
    expect(autoscaling?.changes).toEqual([{ at: MINUTE, from: 1, to: 3, reason: 'as written' }]);
    const samples = autoscaling?.samples ?? [];
    expect(samples.find(({ desired }) => desired === 3)?.at).toBe(MINUTE + 15_000);
    // 57 s later, seen at the next look.
    expect(samples.find(({ ready }) => ready === 3)?.at).toBe(2 * MINUTE);
    const loading = seen.find(({ now }) => now === MINUTE + 30_000);
    expect(loading?.replicas).toEqual({ desired: 3, ready: 1, starting: 2 });
    expect(loading?.pods?.map(({ phase, ready }) => [phase, ready])).toEqual([
      ['Running', true],
      ['Running', false],
      ['Running', false],
    ]);
    expect(endpoints.map(({ requests }) => requests > 0)).toEqual([true, true, true]);
  });

  it('costs from the asking to the end, and finishes every stream of a replica that goes', async () => {
    const { policy } = script([
      [0, 2],
      [5 * MINUTE, 1],
    ]);
    const { autoscaling, duration, completed, requests } = await run({ policy, coldStart: 30_000 });
    const hours = autoscaling?.replicaHours ?? 0;
    expect(hours).toBeGreaterThan((duration + 5 * MINUTE) / 3_600_000);
    // Its last stream may take a minute.
    expect(hours).toBeLessThan((duration + 6 * MINUTE) / 3_600_000);
    expect(autoscaling?.cost).toBeCloseTo(3 * hours, 9);
    expect([completed, autoscaling?.unserved, autoscaling?.directionChanges]).toEqual([requests, 0, 1]);
  });

  it('takes from the warm pool at once, fills it up again, and pays for it', async () => {
    const { policy } = script([[MINUTE, 3]]);
    const { autoscaling, duration } = await run({ policy, coldStart: 4 * MINUTE, warmPool: 2 });
    const after = autoscaling?.samples.find(({ at }) => at === MINUTE + 15_000);
    expect(after).toMatchObject({ desired: 3, ready: 3 });
    const replicaTime = 3 * duration + 2 * (duration - MINUTE);
    expect(autoscaling?.replicaHours).toBeCloseTo(replicaTime / 3_600_000, 6);
  });

  it('gives up a replica that is still loading before one that serves', async () => {
    const { policy } = script([
      [MINUTE, 2],
      [2 * MINUTE, 1],
    ]);
    const { endpoints, completed } = await run({ policy, coldStart: 5 * MINUTE });
    expect(endpoints.map(({ requests }) => requests)).toEqual([completed, 0]);
  });

  it('tells policies how busy each pod was in the last 15 s, and nothing of one that loads', async () => {
    const { seen, policy } = script([[MINUTE, 2]]);
    await run({ policy, coldStart: 5 * MINUTE });
    const pods = seen.find(({ now }) => now === 2 * MINUTE)?.pods ?? [];
    expect(pods.map(({ readings }) => readings?.cpu !== undefined)).toEqual([true, false]);
    expect(pods[0]?.readings?.cpu).toMatchObject({ window: 15_000 });
    expect(pods[0]?.readings?.cpu?.value).toBeGreaterThan(0.5);
    expect(pods[0]?.readings?.cpu?.value).toBeLessThanOrEqual(1);
  });

  it('adds up the queues of several clients', async () => {
    const { seen, policy } = script([]);
    const fleet = [{ gpu: 'a100' as const, endpoint: { maxOutstanding: 1 } }];
    await run({ policy }, { clients: 3, fleet });
    const outstanding = seen.map(({ balancer }) => balancer.outstanding);
    expect(Math.max(...outstanding)).toBe(3);
  });

  it('begins at the wall time asked for', async () => {
    const { seen, policy } = script([]);
    const startsAt = Date.parse('2026-03-29T00:00:00Z');
    await run({ policy }, { startsAt });
    expect(seen[2]?.wallTime).toBe(startsAt + 30_000);
  });

  it('stays as it is without a policy, and its figures are told', async () => {
    const { autoscaling, duration } = await run({});
    expect(autoscaling).toMatchObject({ changes: [], directionChanges: 0 });
    expect(autoscaling?.replicaHours).toBeCloseTo(duration / 3_600_000, 9);
  });

  it('gives the same report to the last bit from the same seed', async () => {
    const options = { coldStart: 20_000 };
    const once = await run({ ...options, policy: script([[MINUTE, 2]]).policy });
    expect(await run({ ...options, policy: script([[MINUTE, 2]]).policy })).toEqual(once);
  });

  it('is drawn as four panels on one axis of time', async () => {
    const svg = scalingChart('One & two', { one: await run({}), two: await run({ warmPool: 1 }) });
    expect(svg.match(/<svg /g)).toHaveLength(5);
    for (const title of ['Demand', 'Replicas that serve', 'Queue', 'First token, 95th'])
      expect(svg).toContain(title);
    expect(svg).not.toContain('NaN');
  });

  it.each([
    [{ policy: 'queue' }, 'autoscaling.policy'],
    [{ coldStart: -1 }, 'autoscaling.coldStart'],
    [{ coldStart: { pull: Number.NaN } }, 'autoscaling.coldStart.pull'],
    [{ coldStart: { boot: 1 } }, 'autoscaling.coldStart.boot'],
    [{ warmPool: 0.5 }, 'autoscaling.warmPool'],
    [{ min: 3, max: 2 }, 'autoscaling.max'],
    [{ interval: 10 }, 'autoscaling.interval'],
    [{ costPerReplicaHour: -1 }, 'autoscaling.costPerReplicaHour'],
    [{ replica: { gpu: 'abacus' } }, 'autoscaling.replica.gpu'],
    [{ replicas: 3 }, 'autoscaling.replicas'],
  ])('refuses %j', async (options, option) => {
    await expect(run(options as unknown as AutoscalingOptions)).rejects.toMatchObject({ option });
  });

  it('refuses events that change who is in the fleet', async () => {
    const events = [{ at: 1, type: 'leave', id: 'a100-1' } as const];
    await expect(run({}, { events })).rejects.toMatchObject({ option: 'events' });
  });
});

describe('a trace with rates over time', () => {
  it('has as many requests in each stretch as its rate says, and none outside', () => {
    const { requests } = generateTrace({
      rates: [
        [1_000_000, 10],
        [2_000_000, 10],
        [2_000_000, 2],
        [3_000_000, 0],
        [4_000_000, 4],
      ],
    });
    const count = (from: number, to: number) => requests.filter(({ at }) => at >= from && at < to).length;
    // Four standard deviations of a Poisson process.
    for (const [from, expected] of [
      [1_000_000, 10_000],
      [2_000_000, 1_000],
      [3_000_000, 2_000],
    ] as const)
      expect(Math.abs(count(from, from + 1_000_000) - expected)).toBeLessThan(4 * Math.sqrt(expected));
    expect(count(0, 1_000_000) + count(4_000_000, 9_000_000)).toBe(0);
  });

  it.each([
    [[]],
    [[[0, 1]]],
    [
      [
        [10, 1],
        [0, 1],
      ],
    ],
    [
      [
        [0, -1],
        [1, 1],
      ],
    ],
    [
      [
        [0, 0],
        [1, 0],
      ],
    ],
    [[[0, 1], 5]],
  ])('refuses the rates %j', (rates) => {
    expect(() => generateTrace({ rates: rates as never })).toThrow(/rates/);
  });

  it('refuses a number of requests beside them', () => {
    expect(() =>
      generateTrace({
        requests: 5,
        rates: [
          [0, 1],
          [1, 1],
        ],
      }),
    ).toThrow(/requests/);
  });
});
