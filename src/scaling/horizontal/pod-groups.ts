import type { ScalingPod } from '../../core/scaling.js';
import { thousandths } from './metric.js';

/** How long after its start a pod's CPU is not believed. Milliseconds. */
export interface ReadinessTimes {
  readonly cpuInitializationPeriod: number;
  readonly initialReadinessDelay: number;
}

export interface PodGroups {
  /** Readings that count, in thousandths, by pod. */
  readonly measured: ReadonlyMap<ScalingPod, number>;
  /** Pods that still start. */
  readonly unready: readonly ScalingPod[];
  /** Pods that run and of which nothing is known. */
  readonly missing: readonly ScalingPod[];
}

/** Sorts the pods as the HPA does (`groupPods`). Those that have ended or are to end are in no group. */
export function groupPods(
  pods: readonly ScalingPod[],
  metric: { readonly name: string; readonly isCpu: boolean },
  { now, times }: { readonly now: number; readonly times: ReadinessTimes },
): PodGroups {
  const measured = new Map<ScalingPod, number>();
  const unready: ScalingPod[] = [];
  const missing: ScalingPod[] = [];
  for (const pod of pods) {
    if (pod.deleted === true || pod.phase === 'Failed' || pod.phase === 'Succeeded') continue;
    const value = pod.readings?.[metric.name]?.value;
    if (pod.phase === 'Pending') unready.push(pod);
    else if (value === undefined || !Number.isFinite(value)) missing.push(pod);
    else if (metric.isCpu && isStarting(pod, now, times)) unready.push(pod);
    else measured.set(pod, thousandths(value));
  }
  return { measured, unready, missing };
}

/**
 * Whether a pod's CPU is that of its start. Within the initialisation period: while it is not ready, or the reading
 * began before it was. Later: only if it has never been ready, told by when its readiness last changed.
 */
function isStarting(pod: ScalingPod, now: number, times: ReadinessTimes): boolean {
  const { startedAt, ready, readyChangedAt } = pod;
  if (startedAt === undefined || ready === undefined || readyChangedAt === undefined) return true;
  if (startedAt + times.cpuInitializationPeriod > now) {
    const { observedAt = now, window = 0 } = pod.readings?.cpu ?? {};
    return !ready || observedAt < readyChangedAt + window;
  }
  return !ready && startedAt + times.initialReadinessDelay > readyChangedAt;
}
