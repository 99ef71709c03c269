/**
 * Chooses the replicas that a Kubernetes HorizontalPodAutoscaler (autoscaling/v2) would choose, step for step.
 *
 * Each metric's ratio is its value over its target; within 10 % of 1 nothing changes, beyond it the replicas are
 * multiplied and rounded up, and the metric that calls for most counts. A queue of 23 with `queueDepthPerReplica(5)`
 * calls for ceil(23 / 5) = 5 replicas; 10 pods at 84 % CPU with a target of 70 % for ceil(10 x 1.2) = 12. Pods without a
 * reading count as what speaks against the change: as idle when growing, as on target when shrinking. The result
 * passes the behaviour: first stabilised (the most cautious recommendation of the window), then limited in pace.
 * As in Kubernetes 1.36: one recommendation list for both windows, changes of either direction counted in each
 * period, `tolerance` for each direction.
 *
 * Needs the pods in `ScalingSituation.pods` for `Pods` and `Resource` metrics; those of the balancer
 * (`queueDepthPerReplica` and its like) need nothing more. Where a metric cannot be had it never shrinks the
 * fleet, and when none can it has no opinion.
 * Not for fleets that an HPA owns already. A queue is empty until the servers are full: scale on `demandPerReplica`
 * where replicas take minutes to start.
 */
import type { ScalingDecision, ScalingPolicy, ScalingSituation } from '../core/scaling.js';
import { growthLimit, ReplicaChanges, shrinkLimit } from './horizontal/behavior.js';
import type { ExternalMetric } from './horizontal/metric.js';
import { type HorizontalOptions, type ResolvedHorizontal, resolveHorizontal } from './horizontal/options.js';
import { proposalOf } from './horizontal/proposal.js';
import { Recommendations } from './memory/recommendations.js';

export type { HorizontalBehavior, HorizontalPolicy, HorizontalRules } from './horizontal/behavior.js';
export type { ExternalMetric, HorizontalMetric, PodsMetric, ResourceMetric } from './horizontal/metric.js';
export type { HorizontalOptions } from './horizontal/options.js';

/**
 * The HPA algorithm.
 *
 * @throws InvalidOptionError
 * @example
 * horizontal({ min: 2, max: 10, metrics: [queueDepthPerReplica(5)], behavior: { scaleDown: { stabilizationWindowSeconds: 300 } } });
 */
export function horizontal(options: HorizontalOptions): ScalingPolicy {
  return new Horizontal(resolveHorizontal(options));
}

/** Requests that wait for admission, so many for each replica. */
export function queueDepthPerReplica(averageValue: number): ExternalMetric {
  return {
    type: 'External',
    name: 'queue depth',
    target: { averageValue },
    read: ({ balancer }) => balancer.queued,
  };
}

/** Requests sent and not settled, so many for each replica. */
export function outstandingPerReplica(averageValue: number): ExternalMetric {
  return {
    type: 'External',
    name: 'outstanding',
    target: { averageValue },
    read: ({ balancer }) => balancer.outstanding,
  };
}

/** Requests outstanding and waiting together, so many for each replica: it moves before a queue forms. */
export function demandPerReplica(averageValue: number): ExternalMetric {
  return {
    type: 'External',
    name: 'demand',
    target: { averageValue },
    read: ({ balancer }) => balancer.queued + balancer.outstanding,
  };
}

class Horizontal implements ScalingPolicy {
  readonly name = 'horizontal';
  readonly #options: ResolvedHorizontal;
  readonly #recommended: Recommendations;
  readonly #changes = new ReplicaChanges();
  /** The last decision, until it is seen whether it was carried out. */
  #pending: { readonly from: number; readonly to: number; readonly at: number } | undefined;
  #now = Number.NEGATIVE_INFINITY;

  constructor(options: ResolvedHorizontal) {
    this.#options = options;
    const { behavior, downscaleStabilization } = options;
    const windows =
      behavior === undefined ? [downscaleStabilization] : [behavior.up.window, behavior.down.window];
    this.#recommended = new Recommendations(Math.max(...windows));
  }

  decide(situation: ScalingSituation): ScalingDecision | undefined {
    // A clock that jumps back must not make the past look young for ever.
    this.#now = Math.max(this.#now, Number.isFinite(situation.now) ? situation.now : this.#now);
    const { min, max } = this.#options;
    const current = situation.replicas.desired;
    this.#noteChange(current);
    if (this.#recommended.isEmpty) this.#recommended.add(current, this.#now);
    const decision = this.#chosen({ ...situation, now: this.#now }, current, min, max);
    if (decision !== undefined) this.#pending = { from: current, to: decision.replicas, at: this.#now };
    return decision;
  }

  /** What became of the last decision counts in the pace, from the time it was made. */
  #noteChange(current: number): void {
    const { from, to, at } = this.#pending ?? { from: current, to: current, at: 0 };
    this.#pending = undefined;
    const change = current - from;
    // Somebody else may have gone further, or the other way; that is not ours.
    const ours = to > from ? Math.min(change, to - from) : Math.max(change, to - from);
    if (ours !== 0 && Math.sign(ours) === Math.sign(to - from)) this.#changes.add(ours, at);
  }

  #chosen(
    situation: ScalingSituation,
    current: number,
    min: number,
    max: number,
  ): ScalingDecision | undefined {
    if (current === 0 && min !== 0) return { replicas: 0, reason: 'scaling is off: there are 0 replicas' };
    if (current > max) return { replicas: max, reason: `${current} is above the maximum` };
    if (current < min) return { replicas: min, reason: `${current} is below the minimum` };
    const called = this.#called(situation, current);
    if (called === undefined) return undefined;
    const replicas = this.#normalized(called.replicas, current, min, max);
    const held = replicas === called.replicas ? '' : `, kept at ${replicas} by the behaviour and limits`;
    return { replicas, reason: `${called.metric} calls for ${called.replicas}${held}` };
  }

  /** The metric that calls for most. `undefined` when none can be had, or one cannot and the others would shrink. */
  #called(situation: ScalingSituation, current: number): { metric: string; replicas: number } | undefined {
    const { metrics, rules } = this.#options;
    let most: { metric: string; replicas: number } | undefined;
    let unknown = 0;
    for (const metric of metrics) {
      const replicas = proposalOf(metric, situation, rules);
      if (replicas === undefined) unknown++;
      else if (most === undefined || replicas > most.replicas) most = { metric: metric.name, replicas };
    }
    return most !== undefined && unknown > 0 && most.replicas < current ? undefined : most;
  }

  #normalized(called: number, current: number, min: number, max: number): number {
    const { behavior, downscaleStabilization } = this.#options;
    const now = this.#now;
    if (behavior === undefined) {
      const stable = Math.max(called, ...this.#recommended.since(now, downscaleStabilization, true));
      this.#recommended.add(called, now);
      return Math.max(min, Math.min(stable, max, Math.max(2 * current, 4)));
    }
    const { up, down } = behavior;
    const stable = this.#recommended.stabilize(current, called, { now, up: up.window, down: down.window });
    this.#recommended.add(called, now);
    if (stable > current) return Math.min(stable, max, growthLimit(current, now, this.#changes, up));
    if (stable < current) return Math.max(stable, min, shrinkLimit(current, now, this.#changes, down));
    return stable;
  }
}
