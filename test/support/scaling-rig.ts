import {
  Autoscaler,
  type AutoscalerOptions,
  type ScalingEvent,
  type TargetState,
} from '../../src/autoscaling/index.js';
import type { Actuator, ScalingDecision, ScalingPolicy, ScalingSituation } from '../../src/core/scaling.js';
import type { BalancerSnapshot, EndpointSnapshot } from '../../src/core/snapshot.js';
import { fakeSituation } from '../../src/testing/fake-situation.js';
import { type ManualClock, manualClock } from '../../src/testing/manual-clock.js';

/** A healthy, idle endpoint of a snapshot. */
export function endpointSnapshot(id: string, fields: Partial<EndpointSnapshot> = {}): EndpointSnapshot {
  return {
    id,
    url: `http://${id}.test`,
    weight: 1,
    tier: 0,
    outstanding: 0,
    maxOutstanding: 8,
    available: true,
    state: 'healthy',
    latency: { firstToken: undefined, response: undefined, tokenInterval: undefined },
    pendingPrompt: 0,
    ...fields,
  };
}

/** An autoscaler in virtual time over a balancer, a policy and an actuator that do as they are told. */
export class ScalingRig {
  readonly clock: ManualClock;
  readonly events: ScalingEvent[] = [];
  /** What the policy was asked, oldest first. */
  readonly situations: ScalingSituation[] = [];
  /** What the actuator was told to set. */
  readonly scaled: number[] = [];
  readonly autoscaler: Autoscaler;
  snapshot: BalancerSnapshot | undefined;
  /** What the policy calls for. */
  called: ScalingDecision | undefined | (() => ScalingDecision | undefined);
  /** What the target is set to; `undefined` when the actuator cannot tell. */
  target: TargetState | undefined;
  /** Where the actuator waits before it does something, or fails. */
  readonly before = { read: async () => {}, scale: async () => {} };

  constructor(options: Partial<AutoscalerOptions> = {}, desired = 2, clock = manualClock()) {
    this.clock = clock;
    this.target = { desired };
    this.snapshot = this.balancerWith(desired);
    const policy: ScalingPolicy = {
      name: 'told',
      decide: (situation) => {
        this.situations.push(situation);
        return typeof this.called === 'function' ? this.called() : this.called;
      },
    };
    const actuator: Actuator = {
      name: 'told',
      read: async () => {
        await this.before.read();
        return this.target;
      },
      scale: async (replicas) => {
        await this.before.scale();
        this.scaled.push(replicas);
        if (this.target !== undefined) this.target = { ...this.target, desired: replicas };
      },
    };
    const source = {
      snapshot: () => {
        if (this.snapshot === undefined) throw new Error('no snapshot');
        return this.snapshot;
      },
    };
    this.autoscaler = new Autoscaler(source, {
      policy,
      actuator,
      min: 1,
      max: 10,
      clock,
      ...options,
    });
    this.autoscaler.observe((event) => this.events.push(event));
  }

  balancerWith(endpoints: number, fields: Partial<EndpointSnapshot> = {}): BalancerSnapshot {
    const all = Array.from({ length: endpoints }, (_, index) => endpointSnapshot(`gpu-${index}`, fields));
    return fakeSituation({ endpoints: all }).balancer;
  }

  call(replicas: number): void {
    this.called = { replicas, reason: 'told' };
  }

  /** Lets so many seconds pass. */
  pass(seconds: number): Promise<void> {
    return this.clock.advanceAsync(seconds * 1000);
  }

  get last(): ScalingEvent | undefined {
    return this.events.at(-1);
  }
}
