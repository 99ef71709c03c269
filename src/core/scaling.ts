import type { BalancerSnapshot } from './snapshot.js';

/** What a scaling policy decides on: the balancer, and the replicas behind it. */
export interface ScalingSituation {
  /** Milliseconds on a clock that only goes forward. */
  readonly now: number;
  /** Milliseconds since the Unix epoch: for schedules. */
  readonly wallTime: number;
  readonly balancer: BalancerSnapshot;
  readonly replicas: {
    /** What was asked for last. */
    readonly desired: number;
    /** Those that serve. */
    readonly ready: number;
    /** Those that were asked for and still start or load. */
    readonly starting: number;
  };
}

/** A decision and its reason, or no opinion: `undefined` keeps what is there, for want of data. */
export interface ScalingDecision {
  readonly replicas: number;
  /** For people: `queue depth 23 is above 20`. */
  readonly reason: string;
}

/**
 * Decides how many replicas there should be. Without effects but for the policy's own memory of the past;
 * whoever calls it keeps it to the limits of the fleet.
 */
export interface ScalingPolicy {
  readonly name: string;
  decide(situation: ScalingSituation): ScalingDecision | undefined;
}

/** Carries a decision out. */
export interface Actuator {
  readonly name: string;
  /** What the target is set to now, and how many of them serve; `undefined` when it cannot tell. */
  read(signal: AbortSignal): Promise<{ readonly desired: number; readonly ready?: number } | undefined>;
  /** Sets the target. Rejects with the reason when it could not. */
  scale(replicas: number, signal: AbortSignal): Promise<void>;
}
