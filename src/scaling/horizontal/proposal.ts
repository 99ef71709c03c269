import type { ScalingPod, ScalingSituation } from '../../core/scaling.js';
import {
  type ExternalMetric,
  type HorizontalMetric,
  isWithin,
  type PodsMetric,
  type ResourceMetric,
  type Tolerances,
  thousandths,
  wholeReplicas,
} from './metric.js';
import { groupPods, type ReadinessTimes } from './pod-groups.js';

export interface ProposalRules {
  readonly tolerances: Tolerances;
  readonly times: ReadinessTimes;
}

/** The replicas that one metric calls for, before any behaviour; `undefined` when the metric is not to be had. */
export function proposalOf(
  metric: HorizontalMetric,
  situation: ScalingSituation,
  rules: ProposalRules,
): number | undefined {
  return metric.type === 'External'
    ? fromTotal(metric, situation, rules.tolerances)
    : fromPods(metric, situation, rules);
}

function fromTotal(
  metric: ExternalMetric,
  situation: ScalingSituation,
  tolerances: Tolerances,
): number | undefined {
  const value = metric.read(situation);
  if (value === undefined || !Number.isFinite(value)) return undefined;
  const usage = thousandths(value);
  const { desired, ready, starting } = situation.replicas;
  if ('averageValue' in metric.target) {
    const each = thousandths(metric.target.averageValue);
    const present = ready + starting;
    return isWithin(usage / (each * present), tolerances) ? present : wholeReplicas(usage / each);
  }
  const ratio = usage / thousandths(metric.target.value);
  // From nothing there is no count of pods to multiply, and no tolerance.
  if (desired === 0) return wholeReplicas(ratio);
  if (isWithin(ratio, tolerances)) return desired;
  if (situation.pods?.length === 0) return undefined;
  const serving = situation.pods?.filter((pod) => pod.phase === 'Running' && pod.ready === true).length;
  return wholeReplicas(ratio * (serving ?? ready));
}

function fromPods(
  metric: PodsMetric | ResourceMetric,
  situation: ScalingSituation,
  { tolerances, times }: ProposalRules,
): number | undefined {
  const { pods = [], now } = situation;
  const current = situation.replicas.desired;
  const isCpu = metric.type === 'Resource' && metric.name === 'cpu';
  const { measured, unready, missing } = groupPods(pods, { name: metric.name, isCpu }, { now, times });
  const scale = scaleOf(metric, pods);
  const ratio = scale?.ratio(measured);
  if (scale === undefined || ratio === undefined) return undefined;

  const alsoUnready = unready.length > 0 && ratio > 1;
  if (!alsoUnready && missing.length === 0)
    return isWithin(ratio, tolerances) ? current : wholeReplicas(ratio * measured.size);

  // What is not known is taken for what speaks against the change.
  const filled = new Map(measured);
  if (ratio !== 1) for (const pod of missing) filled.set(pod, ratio < 1 ? scale.onTarget(pod) : 0);
  if (alsoUnready) for (const pod of unready) filled.set(pod, 0);
  const again = scale.ratio(filled) ?? 1;
  if (isWithin(again, tolerances) || (ratio < 1 && again > 1) || (ratio > 1 && again < 1)) return current;
  const replicas = wholeReplicas(again * filled.size);
  return (again < 1 && replicas > current) || (again > 1 && replicas < current) ? current : replicas;
}

/** How readings of pods are held against their target. */
interface Scale {
  /** Use over target, all pods together; `undefined` when there is nothing to tell it from. */
  ratio(readings: ReadonlyMap<ScalingPod, number>): number | undefined;
  /** What a pod reads that is exactly on target, or, with a target in per cent, on its full request if that is more. */
  onTarget(pod: ScalingPod): number;
}

function scaleOf(
  { name, target }: PodsMetric | ResourceMetric,
  pods: readonly ScalingPod[],
): Scale | undefined {
  if ('averageValue' in target) {
    const each = thousandths(target.averageValue);
    return {
      ratio: (readings) =>
        readings.size === 0 ? undefined : Math.trunc(sum(readings.values()) / readings.size) / each,
      onTarget: () => each,
    };
  }
  const percent = target.averageUtilization;
  const requested = (pod: ScalingPod): number => thousandths(pod.requests?.[name] ?? Number.NaN);
  // One pod without a request makes the percentage meaningless; the HPA then gives the metric up.
  if (pods.some((pod) => !Number.isFinite(requested(pod)))) return undefined;
  return {
    ratio: (readings) => {
      const requests = sum([...readings.keys()].map(requested));
      // As bytes of memory these go beyond the integers that a double holds exactly.
      return requests === 0
        ? undefined
        : Number((BigInt(sum(readings.values())) * 100n) / BigInt(requests)) / percent;
    },
    onTarget: (pod) => Math.trunc((requested(pod) * Math.max(100, percent)) / 100),
  };
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
