import type { BalancerSnapshot } from './snapshot.js';

/** A reading of one pod. */
export interface PodReading {
  /** In the unit of its target: cores of CPU, bytes of memory, requests. NaN and infinite count as missing. */
  readonly value: number;
  /** End of the time it was measured over, on the clock of `ScalingSituation.now`. Default: now. */
  readonly observedAt?: number;
  /** Length of that time in ms. Default 0. */
  readonly window?: number;
}

/** One pod of the fleet, as Kubernetes tells of it; a simulation may tell the same. */
export interface ScalingPod {
  /** The pod's. */
  readonly name: string;
  /** As Kubernetes has it: `Pending`, `Running` … */
  readonly phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown';
  /** It is to end: it counts no more. Default false. */
  readonly deleted?: boolean;
  /** Its Ready condition; absent until it has one. */
  readonly ready?: boolean;
  /** When `ready` last changed, on the clock of `ScalingSituation.now`. */
  readonly readyChangedAt?: number;
  /** When it was started, on the same clock. */
  readonly startedAt?: number;
  /** By metric: `cpu`, `memory`, or a name of one's own. */
  readonly readings?: Readonly<Record<string, PodReading>>;
  /** What it asked for of each resource, in the unit of the reading. For targets in per cent. */
  readonly requests?: Readonly<Record<string, number>>;
}

/** What a scaling policy decides on: the balancer, and the replicas behind it. */
export interface ScalingSituation {
  /** Milliseconds on a clock that only goes forward. */
  readonly now: number;
  /** Milliseconds since the Unix epoch: for schedules. */
  readonly wallTime: number;
  /** The balancer's snapshot. */
  readonly balancer: BalancerSnapshot;
  /** How many there are now. */
  readonly replicas: {
    /** What the fleet is set to now, those that still start included. */
    readonly desired: number;
    /** Those that serve. */
    readonly ready: number;
    /** Those that were asked for and still start or load: never counted as missing, never asked for again. */
    readonly starting: number;
  };
  /** Where somebody knows them. */
  readonly pods?: readonly ScalingPod[];
}

/** A decision and its reason, or no opinion: `undefined` keeps what is there, for want of data. */
export interface ScalingDecision {
  /** How many there should be, before `min` and `max`. */
  readonly replicas: number;
  /** For people: `queue depth 23 is above 20`. */
  readonly reason: string;
}

/**
 * Decides how many replicas there should be. Without effects but for the policy's own memory of the past, so one
 * value serves one fleet; whoever calls it keeps it to the limits of the fleet.
 */
export interface ScalingPolicy {
  /** For logs and events. */
  readonly name: string;
  /** How many replicas there should be. */
  decide(situation: ScalingSituation): ScalingDecision | undefined;
}

/** What an actuator found. */
export interface TargetState {
  /** What the target is set to. */
  readonly desired: number;
  /** How many of them serve. Default: the replicas that the balancer sees ready. */
  readonly ready?: number;
  /** The pods behind the target, where the actuator can see them. */
  readonly pods?: readonly ScalingPod[];
  /** Somebody else who scales the target, in words. Nothing is changed as long as there is one. */
  readonly owner?: string;
}

/** Carries a decision out. */
export interface Actuator {
  /** For logs and events. */
  readonly name: string;
  /**
   * What there is now; `undefined` when it cannot tell, and then what was asked for last counts.
   * Rejects when it should know and does not: nothing is decided then.
   */
  read(signal: AbortSignal): Promise<TargetState | undefined>;
  /** Sets the target. Rejects with the reason when it could not. */
  scale(replicas: number, signal: AbortSignal): Promise<void>;
}

/** Makes one of many processes the one that scales. */
export interface LeaderElection {
  /** For logs and events. */
  readonly name: string;
  /**
   * Stands for election from now on, and tells whenever this process begins or ceases to lead.
   *
   * @returns gives the lead up and stops
   */
  campaign(listener: LeadershipListener): () => Promise<void>;
}

/** Hears whether this process leads. */
export interface LeadershipListener {
  /** This process leads from now on, or no longer. */
  changed(leading: boolean): void;
  /** An attempt to take or keep the lead failed; it goes on trying. */
  failed(error: Error): void;
}

/** Knows what a fleet is meant to be. */
export interface DesiredReplicas {
  /** `undefined` while it is not known here. */
  readonly desiredReplicas: number | undefined;
}

/** What an autoscaler tells its observers. */
export type ScalingEvent =
  /** A change was carried out; with `dryRun`, it would have been. */
  | {
      readonly type: 'scaled';
      readonly from: number;
      readonly to: number;
      readonly reason: string;
      readonly dryRun: boolean;
    }
  /** Nothing was changed although something speaks for it: no data, no endpoint to be trusted, switched off. */
  | { readonly type: 'scaling-held'; readonly replicas: number | undefined; readonly reason: string }
  /** The target could not be read or set, the policy threw, or the lead could not be had. Tried again in time. */
  | {
      readonly type: 'scaling-failed';
      readonly step: 'lead' | 'read' | 'decide' | 'scale';
      readonly error: Error;
    }
  | { readonly type: 'scaling-leader'; readonly leading: boolean };

/** Hears what an autoscaler does. */
export type ScalingObserver = (event: ScalingEvent) => void;
