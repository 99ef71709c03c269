import type { ScalingSituation } from '../../core/scaling.js';

/** One figure for the whole fleet, of any origin. */
export interface ExternalMetric {
  readonly type: 'External';
  readonly name: string;
  /** `averageValue`: as much for each replica. `value`: as much altogether, however many there are. Above 0. */
  readonly target: { readonly averageValue: number } | { readonly value: number };
  /** `undefined`, NaN and infinite mean that it is not known now. */
  read(situation: ScalingSituation): number | undefined;
}

/** A figure of each pod: `readings[name]` of `ScalingSituation.pods`. */
export interface PodsMetric {
  readonly type: 'Pods';
  readonly name: string;
  readonly target: { readonly averageValue: number };
}

/** A resource of each pod. Of `cpu`, readings of pods that have just started do not count. */
export interface ResourceMetric {
  readonly type: 'Resource';
  readonly name: string;
  /** `averageUtilization`: per cent of what the pods requested. */
  readonly target: { readonly averageUtilization: number } | { readonly averageValue: number };
}

/** A figure that `horizontal` scales by. */
export type HorizontalMetric = ExternalMetric | PodsMetric | ResourceMetric;

/** How far a ratio may be from 1 before anything changes. */
export interface Tolerances {
  readonly scaleUp: number;
  readonly scaleDown: number;
}

export function isWithin(ratio: number, { scaleUp, scaleDown }: Tolerances): boolean {
  return 1 - scaleDown <= ratio && ratio <= 1 + scaleUp;
}

/**
 * Kubernetes computes in whole thousandths, rounded up; its divisions drop the rest. The millionth that is taken off
 * undoes what floating point adds: 1.1 x 1000 is 1100.0000000000002.
 */
export function thousandths(value: number): number {
  // The 0 turns -0 into 0.
  return Math.ceil(value * 1000 - 1e-6) + 0;
}

/** Whole replicas as Kubernetes can count them. None for a figure below 0. */
export function wholeReplicas(replicas: number): number {
  return Math.min(Math.max(0, Math.ceil(replicas)), 2 ** 31 - 1);
}
