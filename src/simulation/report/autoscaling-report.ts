import type { SimulatedRequest } from './request-record.js';

/** How a fleet stood at one moment. Times in ms of virtual time. */
export interface FleetSample {
  /** Virtual ms since the start. */
  readonly at: number;
  /** Replicas asked for. */
  readonly desired: number;
  /** Those of them that serve. */
  readonly ready: number;
  /** Requests that wait for admission, in all clients together. */
  readonly queued: number;
  /** Requests sent and not settled yet. */
  readonly outstanding: number;
}

/** One change of a fleet. */
export interface FleetChange {
  /** Virtual ms since the start. */
  readonly at: number;
  /** Replicas before. */
  readonly from: number;
  /** Replicas asked for. */
  readonly to: number;
  /** The policy's own words. */
  readonly reason: string;
}

/** What came of scaling. */
export interface AutoscalingReport {
  /** From the asking for each replica to its end; those of the warm pool included. */
  readonly replicaHours: number;
  /** `replicaHours` at `costPerReplicaHour`. */
  readonly cost: number;
  /** Requests without a whole answer. */
  readonly unserved: number;
  /** How often growth turned into shrinking or back. */
  readonly directionChanges: number;
  /** Each change of the fleet, in order. */
  readonly changes: readonly FleetChange[];
  /** One at every decision. */
  readonly samples: readonly FleetSample[];
}

/** What is counted on the way. */
export interface ScalingHistory {
  readonly changes: readonly FleetChange[];
  readonly samples: readonly FleetSample[];
  /** Milliseconds of replicas. */
  readonly replicaTime: number;
}

const HOUR = 3_600_000;

export function autoscalingReport(
  { changes, samples, replicaTime }: ScalingHistory,
  records: readonly SimulatedRequest[],
  costPerReplicaHour: number,
): AutoscalingReport {
  const replicaHours = replicaTime / HOUR;
  const up = changes.map(({ from, to }) => to > from);
  return {
    replicaHours,
    cost: replicaHours * costPerReplicaHour,
    unserved: records.filter(({ endToEnd }) => endToEnd === undefined).length,
    directionChanges: up.filter((grows, index) => index > 0 && grows !== up[index - 1]).length,
    changes,
    samples,
  };
}
