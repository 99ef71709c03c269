/**
 * A second model of the HPA, to hold `horizontal` against. Written from the Kubernetes controller's description in
 * another style: integers as the controller has them (BigInt thousandths), lists that grow and are never cut, one
 * list of scale-ups and one of scale-downs, and the controller's own order of steps.
 */
import type { ScalingPod, ScalingSituation } from '../../../src/core/scaling.js';
import type { HorizontalOptions, HorizontalRules } from '../../../src/scaling/horizontal.js';

interface Stamped {
  readonly time: number;
  readonly count: number;
}

interface FullRules {
  readonly seconds: number;
  readonly select: string;
  readonly policies: NonNullable<HorizontalRules['policies']>;
}

export class KubernetesHpa {
  readonly #spec: HorizontalOptions;
  readonly #recommendations: Stamped[] = [];
  readonly #ups: Stamped[] = [];
  readonly #downs: Stamped[] = [];

  constructor(spec: HorizontalOptions) {
    this.#spec = spec;
  }

  /** @returns what the controller would set `spec.replicas` to; `undefined` when it gives up without a result */
  reconcile(seen: ScalingSituation): number | undefined {
    const { min: least = 1, max: most } = this.#spec;
    const specReplicas = seen.replicas.desired;
    if (this.#recommendations.length === 0)
      this.#recommendations.push({ time: seen.now, count: specReplicas });
    if (specReplicas === 0 && least !== 0) return 0;
    if (specReplicas > most) return most;
    if (specReplicas < least) return least;

    let wanted = 0;
    let invalid = 0;
    for (const metric of this.#spec.metrics) {
      let proposal: number | undefined;
      if (metric.type === 'External') {
        proposal =
          'value' in metric.target
            ? this.#externalValue(metric.read(seen), metric.target.value, seen)
            : this.#externalAverage(metric.read(seen), metric.target.averageValue, seen);
      } else if ('averageUtilization' in metric.target) {
        proposal = this.#utilization(metric.name, metric.target.averageUtilization, seen);
      } else {
        proposal = this.#plain(metric.name, metric.target.averageValue, metric.type === 'Resource', seen);
      }
      if (proposal === undefined) invalid += 1;
      else if (wanted === 0 || proposal > wanted) wanted = proposal;
    }
    if (invalid >= this.#spec.metrics.length) return undefined;
    if (invalid > 0 && wanted < specReplicas) return undefined;
    if (wanted < 0) wanted = 0;
    return this.#spec.behavior === undefined
      ? this.#legacy(wanted, specReplicas, seen.now)
      : this.#withBehavior(wanted, specReplicas, seen.now);
  }

  /** The controller has updated the scale subresource. */
  rescaled(before: number, after: number, time: number): void {
    if (after > before) this.#ups.push({ time, count: after - before });
    else if (after < before) this.#downs.push({ time, count: before - after });
  }

  #inTolerance(ratio: number): boolean {
    const { tolerance = 0.1, behavior } = this.#spec;
    const below = behavior?.scaleDown?.tolerance ?? tolerance;
    const above = behavior?.scaleUp?.tolerance ?? tolerance;
    return 1.0 - below <= ratio && ratio <= 1.0 + above;
  }

  #externalValue(value: number | undefined, target: number, seen: ScalingSituation): number | undefined {
    if (value === undefined || !Number.isFinite(value)) return undefined;
    const ratio = Number(quantity(value)) / Number(quantity(target));
    if (seen.replicas.desired === 0) return Math.ceil(ratio);
    if (this.#inTolerance(ratio)) return seen.replicas.desired;
    let ready = seen.replicas.ready;
    if (seen.pods !== undefined) {
      if (seen.pods.length === 0) return undefined;
      ready = 0;
      for (const pod of seen.pods) if (pod.phase === 'Running' && pod.ready) ready += 1;
    }
    return Math.ceil(ratio * ready);
  }

  #externalAverage(value: number | undefined, target: number, seen: ScalingSituation): number | undefined {
    if (value === undefined || !Number.isFinite(value)) return undefined;
    const statusReplicas = seen.replicas.ready + seen.replicas.starting;
    const usage = Number(quantity(value));
    const perPod = Number(quantity(target));
    return this.#inTolerance(usage / (perPod * statusReplicas)) ? statusReplicas : Math.ceil(usage / perPod);
  }

  #group(name: string, cpu: boolean, seen: ScalingSituation) {
    const metrics: Record<string, bigint> = {};
    const unready: string[] = [];
    const missing: string[] = [];
    let ready = 0;
    const { cpuInitializationPeriod = 300_000, initialReadinessDelay = 30_000 } = this.#spec;
    for (const pod of seen.pods ?? []) {
      if (pod.deleted || pod.phase === 'Failed' || pod.phase === 'Succeeded') continue;
      if (pod.phase === 'Pending') {
        unready.push(pod.name);
        continue;
      }
      const reading = pod.readings?.[name];
      if (reading === undefined || !Number.isFinite(reading.value)) {
        missing.push(pod.name);
        continue;
      }
      if (cpu) {
        let out: boolean;
        if (pod.ready === undefined || pod.readyChangedAt === undefined || pod.startedAt === undefined)
          out = true;
        else if (pod.startedAt + cpuInitializationPeriod > seen.now)
          out =
            pod.ready === false ||
            (reading.observedAt ?? seen.now) < pod.readyChangedAt + (reading.window ?? 0);
        else out = pod.ready === false && pod.startedAt + initialReadinessDelay > pod.readyChangedAt;
        if (out) {
          unready.push(pod.name);
          continue;
        }
      }
      metrics[pod.name] = quantity(reading.value);
      ready += 1;
    }
    return { metrics, unready, missing, ready };
  }

  #plain(name: string, target: number, resource: boolean, seen: ScalingSituation): number | undefined {
    if ((seen.pods ?? []).length === 0) return undefined;
    const { metrics, unready, missing, ready } = this.#group(name, resource && name === 'cpu', seen);
    const goal = quantity(target);
    const usageRatio = () => {
      const values = Object.values(metrics);
      return Number(values.reduce((sum, one) => sum + one, 0n) / BigInt(values.length)) / Number(goal);
    };
    if (Object.keys(metrics).length === 0) return undefined;
    return this.#rebalance(usageRatio, {
      ready,
      current: seen.replicas.desired,
      withUnready: unready.length > 0,
      withMissing: missing.length > 0,
      size: () => Object.keys(metrics).length,
      missingAsTarget: () => {
        for (const pod of missing) metrics[pod] = goal;
      },
      missingAsZero: () => {
        for (const pod of missing) metrics[pod] = 0n;
      },
      unreadyAsZero: () => {
        for (const pod of unready) metrics[pod] = 0n;
      },
    });
  }

  #utilization(name: string, target: number, seen: ScalingSituation): number | undefined {
    const pods: readonly ScalingPod[] = seen.pods ?? [];
    if (pods.length === 0) return undefined;
    const { metrics, unready, missing, ready } = this.#group(name, name === 'cpu', seen);
    if (Object.keys(metrics).length === 0) return undefined;
    const requests: Record<string, bigint> = {};
    for (const pod of pods) {
      const request = pod.requests?.[name];
      if (request === undefined) return undefined;
      requests[pod.name] = quantity(request);
    }
    const totalOf = (of: Record<string, bigint>) =>
      Object.keys(metrics).reduce((sum, pod) => sum + (of[pod] ?? 0n), 0n);
    if (totalOf(requests) === 0n) return undefined;
    const usageRatio = () => Number((totalOf(metrics) * 100n) / totalOf(requests)) / target;
    return this.#rebalance(usageRatio, {
      ready,
      current: seen.replicas.desired,
      withUnready: unready.length > 0,
      withMissing: missing.length > 0,
      size: () => Object.keys(metrics).length,
      missingAsTarget: () => {
        const share = BigInt(Math.max(target, 100));
        for (const pod of missing) metrics[pod] = ((requests[pod] ?? 0n) * share) / 100n;
      },
      missingAsZero: () => {
        for (const pod of missing) metrics[pod] = 0n;
      },
      unreadyAsZero: () => {
        for (const pod of unready) metrics[pod] = 0n;
      },
    });
  }

  #rebalance(
    usageRatio: () => number,
    pods: {
      readonly ready: number;
      readonly current: number;
      readonly withUnready: boolean;
      readonly withMissing: boolean;
      size(): number;
      missingAsTarget(): void;
      missingAsZero(): void;
      unreadyAsZero(): void;
    },
  ): number {
    const ratio = usageRatio();
    const growingWithUnready = pods.withUnready && ratio > 1.0;
    if (!growingWithUnready && !pods.withMissing) {
      if (this.#inTolerance(ratio)) return pods.current;
      return Math.ceil(ratio * pods.ready);
    }
    if (pods.withMissing) {
      if (ratio < 1.0) pods.missingAsTarget();
      else if (ratio > 1.0) pods.missingAsZero();
    }
    if (growingWithUnready) pods.unreadyAsZero();
    const after = usageRatio();
    if (this.#inTolerance(after)) return pods.current;
    if (ratio < 1.0 && after > 1.0) return pods.current;
    if (ratio > 1.0 && after < 1.0) return pods.current;
    const replicas = Math.ceil(after * pods.size());
    if (after < 1.0 && replicas > pods.current) return pods.current;
    if (after > 1.0 && replicas < pods.current) return pods.current;
    return replicas;
  }

  #legacy(wanted: number, current: number, now: number): number {
    const { min: least = 1, max: most, downscaleStabilization = 300_000 } = this.#spec;
    let stable = wanted;
    for (const { time, count } of this.#recommendations) {
      const tooOld = time < now - downscaleStabilization;
      if (!tooOld && count > stable) stable = count;
    }
    this.#recommendations.push({ time: now, count: wanted });
    const limit = Math.max(2 * current, 4);
    const ceiling = Math.min(most, limit);
    if (stable < least) return least;
    return Math.min(stable, ceiling);
  }

  #withBehavior(wanted: number, current: number, now: number): number {
    const { min: least = 1, max: most, behavior, downscaleStabilization = 300_000 } = this.#spec;
    const up: FullRules = {
      seconds: behavior?.scaleUp?.stabilizationWindowSeconds ?? 0,
      select: behavior?.scaleUp?.selectPolicy ?? 'Max',
      policies: behavior?.scaleUp?.policies ?? [
        { type: 'Pods', value: 4, periodSeconds: 15 },
        { type: 'Percent', value: 100, periodSeconds: 15 },
      ],
    };
    const down: FullRules = {
      seconds: behavior?.scaleDown?.stabilizationWindowSeconds ?? downscaleStabilization / 1000,
      select: behavior?.scaleDown?.selectPolicy ?? 'Max',
      policies: behavior?.scaleDown?.policies ?? [{ type: 'Percent', value: 100, periodSeconds: 15 }],
    };

    let upRecommendation = wanted;
    let downRecommendation = wanted;
    for (const { time, count } of this.#recommendations) {
      if (time > now - up.seconds * 1000 && count < upRecommendation) upRecommendation = count;
      if (time > now - down.seconds * 1000 && count > downRecommendation) downRecommendation = count;
    }
    let stable = current;
    if (stable < upRecommendation) stable = upRecommendation;
    if (stable > downRecommendation) stable = downRecommendation;
    this.#recommendations.push({ time: now, count: wanted });

    if (stable > current) {
      const limit = Math.max(this.#upLimit(up, current, now), current);
      const ceiling = Math.min(most, limit);
      return Math.min(stable, ceiling);
    }
    if (stable < current) {
      const limit = Math.min(this.#downLimit(down, current, now), current);
      const floor = Math.max(least, limit);
      return Math.max(stable, floor);
    }
    return stable;
  }

  #upLimit({ select, policies }: FullRules, current: number, now: number): number {
    if (select === 'Disabled') return current;
    let result = select === 'Min' ? 2147483647 : -2147483648;
    for (const { type, value, periodSeconds } of policies) {
      const start = current - within(this.#ups, periodSeconds, now) + within(this.#downs, periodSeconds, now);
      const proposed = type === 'Pods' ? start + value : Math.ceil(start * (1 + value / 100));
      if (select === 'Min' ? proposed < result : proposed > result) result = proposed;
    }
    return result;
  }

  #downLimit({ select, policies }: FullRules, current: number, now: number): number {
    if (select === 'Disabled') return current;
    let result = select === 'Min' ? -2147483648 : 2147483647;
    for (const { type, value, periodSeconds } of policies) {
      const start = current - within(this.#ups, periodSeconds, now) + within(this.#downs, periodSeconds, now);
      const proposed = type === 'Pods' ? start - value : Math.trunc(start * (1 - value / 100));
      if (select === 'Min' ? proposed > result : proposed < result) result = proposed;
    }
    return result;
  }
}

function within(events: readonly Stamped[], seconds: number, now: number): number {
  let total = 0;
  for (const { time, count } of events) if (time > now - seconds * 1000) total += count;
  return total;
}

/** A decimal as Kubernetes' MilliValue has it: thousandths, rounded up. */
function quantity(value: number): bigint {
  const [whole = '0', fraction = ''] = value.toFixed(6).split('.');
  const millionths = BigInt(whole.replace('-', '') + fraction) * (value < 0 ? -1n : 1n);
  const thousandths = millionths / 1000n;
  return millionths > thousandths * 1000n ? thousandths + 1n : thousandths;
}
