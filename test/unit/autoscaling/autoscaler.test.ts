import { describe, expect, it } from 'vitest';
import { Autoscaler, type AutoscalerOptions } from '../../../src/autoscaling/index.js';
import type { LeadershipListener } from '../../../src/core/scaling.js';
import { InvalidOptionError } from '../../../src/errors.js';
import { horizontal, queueDepthPerReplica } from '../../../src/scaling/horizontal.js';
import { schedule } from '../../../src/scaling/schedule.js';
import { fakeSituation } from '../../../src/testing/fake-situation.js';
import { endpointSnapshot, ScalingRig } from '../../support/scaling-rig.js';

describe('Autoscaler', () => {
  it('asks the policy at once and then at every interval, and sets what it calls for', async () => {
    const rig = new ScalingRig({ interval: 15_000 });
    rig.call(4);
    await rig.pass(0);
    expect(rig.scaled).toEqual([4]);
    expect(rig.events).toEqual([{ type: 'scaled', from: 2, to: 4, reason: 'told', dryRun: false }]);
    expect(rig.autoscaler.desiredReplicas).toBe(4);
    await rig.pass(14.999);
    expect(rig.situations).toHaveLength(1);
    await rig.pass(0.001);
    expect(rig.situations).toHaveLength(2);
    await rig.pass(45);
    expect(rig.situations).toHaveLength(5);
    expect(rig.scaled).toEqual([4]);
    await rig.autoscaler.close();
    expect(rig.clock.pending).toBe(0);
  });

  it('keeps to its limits and says so, and rounds up', async () => {
    const rig = new ScalingRig({ min: 2, max: 6 }, 4);
    rig.call(100);
    await rig.pass(0);
    rig.call(0);
    await rig.pass(15);
    rig.call(2.2);
    await rig.pass(15);
    expect(rig.scaled).toEqual([6, 2, 3]);
    expect(rig.events[0]).toMatchObject({ reason: 'told (limits: 2 to 6)' });
  });

  it('does not count replicas that load as missing: they are among the desired ones', async () => {
    const rig = new ScalingRig({}, 5);
    const endpoints = [
      endpointSnapshot('a'),
      endpointSnapshot('b', { state: 'cooling-off', available: false }),
      endpointSnapshot('loading', { state: 'warming', available: false }),
      endpointSnapshot('leaving', { state: 'draining', available: false }),
      endpointSnapshot('reserve', { state: 'standby', available: false }),
      endpointSnapshot('switched-off', { weight: 0, available: false }),
      endpointSnapshot('hosted', { tier: 1 }),
    ];
    rig.snapshot = fakeSituation({ endpoints }).balancer;
    await rig.pass(0);
    expect(rig.situations[0]?.replicas).toEqual({ desired: 5, ready: 2, starting: 3 });
  });

  it('asks for what the queue needs once, however long the new replicas take to load', async () => {
    const rig = new ScalingRig({
      policy: horizontal({ max: 10, metrics: [queueDepthPerReplica(5)], behavior: {} }),
    });
    rig.snapshot = { ...rig.balancerWith(2), queued: 30 };
    await rig.pass(600);
    expect(rig.scaled).toEqual([6]);
  });

  it('believes the actuator about replicas that serve, and hands its pods on', async () => {
    const rig = new ScalingRig();
    const pods = [{ name: 'a', phase: 'Running' }] as const;
    rig.target = { desired: 3, ready: 1, pods };
    await rig.pass(0);
    expect(rig.situations[0]?.replicas).toEqual({ desired: 3, ready: 1, starting: 2 });
    expect(rig.situations[0]?.pods).toBe(pods);
  });

  it('counts the endpoints that it is told are replicas', async () => {
    const rig = new ScalingRig({ isReplica: ({ id }) => id.startsWith('big') });
    const endpoints = ['big-1', 'big-2', 'small-1'].map((id) => endpointSnapshot(id, { tier: 3 }));
    rig.snapshot = fakeSituation({ endpoints }).balancer;
    await rig.pass(0);
    expect(rig.situations[0]?.replicas.ready).toBe(2);
  });

  describe('without figures to be trusted', () => {
    it('leaves the fleet as it is while the policy has no opinion, for minutes on end, and says so', async () => {
      const rig = new ScalingRig({}, 8);
      rig.called = undefined;
      await rig.pass(600);
      expect(rig.scaled).toEqual([]);
      expect(rig.last).toEqual({
        type: 'scaling-held',
        replicas: 8,
        reason: 'the policy has no figures to decide on',
      });
      expect(rig.autoscaler.desiredReplicas).toBe(8);
    });

    it.each([Number.NaN, Number.POSITIVE_INFINITY])('takes %s replicas for no opinion', async (replicas) => {
      const rig = new ScalingRig({}, 8);
      rig.call(replicas);
      await rig.pass(60);
      expect(rig.scaled).toEqual([]);
    });

    it('still brings the fleet up to its minimum', async () => {
      const rig = new ScalingRig({ min: 3 }, 1);
      await rig.pass(0);
      expect(rig.scaled).toEqual([3]);
      expect(rig.last).toMatchObject({ reason: '1 is below the minimum' });
    });

    it('does not shrink while no endpoint is available: an empty queue is no calm then', async () => {
      const rig = new ScalingRig({}, 8);
      rig.snapshot = rig.balancerWith(8, { state: 'open', available: false });
      rig.call(2);
      await rig.pass(60);
      rig.snapshot = rig.balancerWith(0);
      await rig.pass(60);
      expect(rig.scaled).toEqual([]);
      expect(rig.last).toMatchObject({ type: 'scaling-held', replicas: 8 });
      rig.call(9);
      await rig.pass(15);
      rig.snapshot = rig.balancerWith(1);
      rig.call(2);
      await rig.pass(15);
      expect(rig.scaled).toEqual([9, 2]);
    });

    it('does nothing while the balancer cannot be asked, or is closed', async () => {
      const rig = new ScalingRig({}, 8);
      rig.call(2);
      rig.snapshot = undefined;
      await rig.pass(60);
      expect(rig.last).toMatchObject({ type: 'scaling-failed', step: 'read' });
      rig.snapshot = { ...rig.balancerWith(8), closed: true };
      await rig.pass(60);
      expect(rig.last).toMatchObject({ type: 'scaling-held', reason: 'the balancer is closed' });
      expect(rig.scaled).toEqual([]);
    });

    it('goes on after a policy that throws', async () => {
      const rig = new ScalingRig();
      rig.called = () => {
        throw new Error('a mistake');
      };
      await rig.pass(0);
      expect(rig.last).toMatchObject({ type: 'scaling-failed', step: 'decide' });
      rig.call(3);
      await rig.pass(15);
      expect(rig.scaled).toEqual([3]);
    });

    it.each([-1, 1.5, Number.NaN])(
      'does not go by %s replicas that the actuator has read',
      async (desired) => {
        const rig = new ScalingRig();
        rig.target = { desired };
        rig.call(3);
        await rig.pass(0);
        expect(rig.scaled).toEqual([]);
        expect(rig.last).toMatchObject({ type: 'scaling-failed', step: 'read' });
      },
    );

    it('is not moved by wall clocks that jump', async () => {
      const windows = [{ start: '0 9 * * *', end: '0 18 * * *', min: 6, max: 10 }];
      const policy = schedule({ timeZone: 'Europe/Berlin', windows, otherwise: { min: 2, max: 4 } });
      let wallTime = Date.parse('2026-01-05T10:00+01:00');
      const rig: ScalingRig = new ScalingRig({ policy }, 3);
      const clock = Object.assign(rig.clock, { wallTime: () => wallTime });
      await rig.pass(0);
      wallTime = Number.NaN;
      await rig.pass(600);
      expect(rig.scaled).toEqual([6]);
      expect(clock.pending).toBe(1);
    });
  });

  it('leaves a fleet alone that was switched off, unless nothing is what it may be', async () => {
    const off = new ScalingRig({ min: 1 }, 0);
    off.call(4);
    await off.pass(60);
    expect(off.scaled).toEqual([]);
    expect(off.last).toMatchObject({ reason: 'it is switched off: set to 0 replicas' });
    const empty = new ScalingRig({ min: 0 }, 0);
    empty.call(4);
    await empty.pass(0);
    expect(empty.scaled).toEqual([4]);
  });

  it('leaves a target alone that somebody else scales, and goes on when nobody does', async () => {
    const rig = new ScalingRig();
    rig.target = { desired: 2, owner: 'HorizontalPodAutoscaler llm' };
    rig.call(4);
    await rig.pass(60);
    expect(rig.scaled).toEqual([]);
    expect(rig.last).toMatchObject({ type: 'scaling-held', reason: 'HorizontalPodAutoscaler llm scales it' });
    rig.target = { desired: 2 };
    await rig.pass(15);
    expect(rig.scaled).toEqual([4]);
  });

  it('changes nothing in a dry run, and tells once what it would have changed, beside an HPA as well', async () => {
    const rig = new ScalingRig({ dryRun: true });
    rig.target = { desired: 2, owner: 'HorizontalPodAutoscaler llm' };
    rig.call(4);
    await rig.pass(60);
    rig.call(5);
    await rig.pass(60);
    expect(rig.scaled).toEqual([]);
    expect(rig.events).toEqual([
      { type: 'scaled', from: 2, to: 4, reason: 'told', dryRun: true },
      { type: 'scaled', from: 2, to: 5, reason: 'told', dryRun: true },
    ]);
    expect(rig.autoscaler.desiredReplicas).toBe(5);
  });

  it('tries again at the next interval when the target could not be set', async () => {
    const rig = new ScalingRig();
    rig.call(4);
    rig.before.scale = async () => {
      throw new Error('409');
    };
    await rig.pass(15);
    expect(rig.events.map(({ type }) => type)).toEqual(['scaling-failed', 'scaling-failed']);
    rig.before.scale = async () => {};
    await rig.pass(15);
    expect(rig.scaled).toEqual([4]);
  });

  it('runs one check at a time, and gives an actuator up that does not answer', async () => {
    const rig = new ScalingRig({ interval: 2_000, timeout: 10_000 });
    let reads = 0;
    rig.before.read = () => {
      reads++;
      return new Promise(() => {});
    };
    rig.call(4);
    await rig.pass(0);
    const joined = rig.autoscaler.check();
    expect(rig.autoscaler.check()).toBe(joined);
    await rig.pass(9.999);
    expect(reads).toBe(1);
    await rig.pass(0.001);
    expect(rig.last).toMatchObject({ step: 'read', error: new Error('No answer within 10000 ms') });
    rig.before.read = async () => {};
    await rig.pass(2);
    expect(rig.scaled).toEqual([4]);
  });

  it('drives a function by what was asked for last, once it has seen a replica', async () => {
    const asked: number[] = [];
    const rig = new ScalingRig({ actuator: (replicas) => asked.push(replicas) });
    rig.snapshot = rig.balancerWith(0);
    rig.call(4);
    await rig.pass(30);
    expect(rig.last).toMatchObject({ reason: 'the size of the fleet is not known yet' });
    rig.snapshot = rig.balancerWith(2);
    await rig.pass(15);
    expect(asked).toEqual([4]);
    expect(rig.situations.at(-1)?.replicas).toEqual({ desired: 2, ready: 2, starting: 0 });
    await rig.pass(15);
    expect(rig.situations.at(-1)?.replicas).toEqual({ desired: 4, ready: 2, starting: 2 });
    expect(asked).toEqual([4]);
  });

  it('asks a source that answers later: the sum over several processes, say', async () => {
    const rig = new ScalingRig();
    const source = { snapshot: async () => rig.balancerWith(3) };
    const asked: number[] = [];
    const policy = { name: 'one', decide: () => ({ replicas: 5, reason: 'more' }) };
    const actuator = (replicas: number) => asked.push(replicas);
    const autoscaler = new Autoscaler(source, { policy, actuator, max: 9, clock: rig.clock });
    await rig.pass(0);
    expect(asked).toEqual([5]);
    await autoscaler.close();
  });

  describe('with an election', () => {
    function elected() {
      const seat: { listener?: LeadershipListener; stopped: boolean } = { stopped: false };
      const leader = {
        name: 'test',
        campaign(listener: LeadershipListener) {
          seat.listener = listener;
          return async () => {
            seat.stopped = true;
          };
        },
      };
      return { seat, rig: new ScalingRig({ leader }) };
    }

    it('scales only while it leads, and knows what is desired only then', async () => {
      const { seat, rig } = elected();
      rig.call(4);
      await rig.pass(60);
      expect(rig.situations).toEqual([]);
      expect(rig.autoscaler.desiredReplicas).toBeUndefined();
      seat.listener?.changed(true);
      await rig.pass(0);
      expect([rig.scaled, rig.autoscaler.leading, rig.autoscaler.desiredReplicas]).toEqual([[4], true, 4]);
      seat.listener?.changed(false);
      rig.call(6);
      await rig.pass(60);
      expect([rig.scaled, rig.autoscaler.desiredReplicas]).toEqual([[4], undefined]);
      expect(rig.events.map(({ type }) => type)).toEqual(['scaling-leader', 'scaled', 'scaling-leader']);
      await rig.autoscaler.close();
      expect(seat.stopped).toBe(true);
    });

    it('gives a check up when the lead is lost in the middle of it', async () => {
      const { seat, rig } = elected();
      let release = () => {};
      rig.before.read = () =>
        new Promise((resolve) => {
          release = resolve;
        });
      rig.call(4);
      seat.listener?.changed(true);
      await rig.pass(0);
      seat.listener?.changed(false);
      release();
      await rig.pass(60);
      expect(rig.scaled).toEqual([]);
    });

    it('tells when the election fails', async () => {
      const { seat, rig } = elected();
      seat.listener?.failed(new Error('the API is gone'));
      expect(rig.last).toEqual({ type: 'scaling-failed', step: 'lead', error: new Error('the API is gone') });
    });
  });

  it('stops when it is closed, in the middle of a check too, and leaves the fleet', async () => {
    const rig = new ScalingRig();
    rig.before.read = () => new Promise(() => {});
    rig.call(4);
    await rig.pass(0);
    await rig.autoscaler.close();
    await rig.autoscaler.check();
    await rig.pass(60);
    expect([rig.scaled, rig.events, rig.clock.pending]).toEqual([[], [], 0]);
  });

  it('logs the same trouble once', async () => {
    const warnings: string[] = [];
    const nothing = () => {};
    const logger = {
      debug: nothing,
      info: nothing,
      error: nothing,
      warn: (_fields: object, text: string) => warnings.push(text),
    };
    const rig = new ScalingRig({ logger });
    rig.before.read = async () => {
      throw new Error('403');
    };
    await rig.pass(60);
    expect(rig.events).toHaveLength(5);
    expect(warnings).toEqual(['scaling failed; it is tried again']);
  });

  it('refuses an observer that is no function', () => {
    const { autoscaler } = new ScalingRig();
    for (const observer of [undefined, null, { scaled: () => {} }])
      expect(() => autoscaler.observe(observer as never)).toThrow('`observer` must be a function');
  });

  it.each<[string, object]>([
    ['autoscaler.nonsense', { nonsense: 1 }],
    ['autoscaler.policy', { policy: undefined }],
    ['autoscaler.policy', { policy: { name: 'x' } }],
    ['autoscaler.actuator', { actuator: undefined }],
    ['autoscaler.actuator', { actuator: { name: 'x', read: () => {} } }],
    ['autoscaler.min', { min: -1 }],
    ['autoscaler.max', { max: undefined }],
    ['autoscaler.max', { min: 5, max: 4 }],
    ['autoscaler.max', { max: Number.NaN }],
    ['autoscaler.interval', { interval: 999 }],
    ['autoscaler.timeout', { timeout: 0 }],
    ['autoscaler.dryRun', { dryRun: 'yes' }],
    ['autoscaler.leader', { leader: {} }],
    ['autoscaler.isReplica', { isReplica: 'tier 0' }],
    ['autoscaler.logger', { logger: {} }],
    ['autoscaler.clock', { clock: {} }],
  ])('refuses a bad `%s`', (option, options) => {
    const good = { policy: { name: 'x', decide: () => undefined }, actuator: () => {}, max: 4 };
    const source = { snapshot: () => fakeSituation().balancer };
    const build = () => new Autoscaler(source, { ...good, ...options } as AutoscalerOptions);
    expect(build).toThrow(InvalidOptionError);
    expect(build).toThrow(`\`${option}\``);
  });
});
