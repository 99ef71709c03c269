import { numberOption, optionFields } from '../../core/option-checks.js';
import type { ScalingPolicy } from '../../core/scaling.js';
import { InvalidOptionError } from '../../errors.js';
import type { ResolvedEvent } from './fleet-events.js';
import { type ReplicaSpec, type Replicated, resolveReplica } from './fleet-spec.js';

/** What a replica's start consists of, in ms: nothing is served before the end of the last part. */
export interface ColdStart {
  /** Until a node is found. Default 0. */
  readonly schedule?: number;
  /** Until its image is there. Default 0. */
  readonly pull?: number;
  /** Until the model is downloaded and loaded. Default: the replica's `loadTime`. */
  readonly load?: number;
}

/** Option `autoscaling` of a simulation: a policy at work on the fleet. */
export interface AutoscalingOptions {
  /** Makes the policy of a run. Default: none, and the fleet stays as it is; its figures are told all the same. */
  readonly policy?: () => ScalingPolicy;
  /** What is added. Default: more of the last one of the fleet. */
  readonly replica?: ReplicaSpec;
  /** How long a replica takes to start. A number of ms: all of it loading. Default: the replica's `loadTime`. */
  readonly coldStart?: number | ColdStart;
  /** Replicas beyond those that serve, with the model loaded; filled up again when one is taken. Default 0. */
  readonly warmPool?: number;
  /** Default 0. From the moment a replica is asked for until it is gone; those of the warm pool cost as much. */
  readonly costPerReplicaHour?: number;
  /** Fewest replicas. Default 1. */
  readonly min?: number;
  /** Most replicas. Default: as many as there are at the start, and at least `min`. */
  readonly max?: number;
  /** From one decision to the next, in ms. At least 1000, default 15 000. */
  readonly interval?: number;
}

export interface ResolvedAutoscaling {
  readonly policy: (() => ScalingPolicy) | undefined;
  readonly replica: Replicated;
  readonly coldStart: Required<ColdStart>;
  readonly warmPool: number;
  readonly costPerReplicaHour: number;
  readonly min: number;
  readonly max: number;
  readonly interval: number;
}

export interface AutoscaledFleet {
  readonly specs: readonly ReplicaSpec[];
  readonly events: readonly ResolvedEvent[];
  readonly blockTokens: number;
}

const KEYS = ['policy', 'replica', 'coldStart', 'warmPool', 'costPerReplicaHour', 'min', 'max', 'interval'];

/** @throws InvalidOptionError */
export function resolveAutoscaling(
  options: AutoscalingOptions | undefined,
  { specs, events, blockTokens }: AutoscaledFleet,
): ResolvedAutoscaling | undefined {
  if (options === undefined) return undefined;
  const fields = optionFields('autoscaling', options, KEYS);
  const { policy } = options;
  if (policy !== undefined && typeof policy !== 'function')
    throw new InvalidOptionError('autoscaling.policy', 'must be a function that makes a policy', policy);
  if (events.some(({ type }) => type === 'join' || type === 'leave'))
    throw new InvalidOptionError('events', 'must not join or leave beside autoscaling', events);
  const spec = options.replica ?? specs.at(-1);
  const { id: _, ...rest } = spec ?? { gpu: 'a100' };
  const replica = resolveReplica(rest, 'autoscaling.replica', blockTokens, (kind) => kind);
  const count = (field: string, fallback: number, least: number) =>
    numberOption(`autoscaling.${field}`, fields[field], fallback, { integer: true, min: least });
  const min = count('min', 1, 0);
  return {
    policy,
    replica,
    coldStart: resolveColdStart(options.coldStart, replica.model.loadTime),
    warmPool: count('warmPool', 0, 0),
    costPerReplicaHour: numberOption('autoscaling.costPerReplicaHour', fields.costPerReplicaHour, 0, {
      min: 0,
    }),
    min,
    max: count('max', Math.max(specs.length, min), Math.max(min, 1)),
    interval: numberOption('autoscaling.interval', fields.interval, 15_000, { min: 1_000 }),
  };
}

function resolveColdStart(given: number | ColdStart | undefined, loadTime: number): Required<ColdStart> {
  const option = 'autoscaling.coldStart';
  if (typeof given === 'number')
    return { schedule: 0, pull: 0, load: numberOption(option, given, 0, { min: 0 }) };
  const fields = optionFields(option, given, ['schedule', 'pull', 'load']);
  const time = (field: string, fallback: number) =>
    numberOption(`${option}.${field}`, fields[field], fallback, { min: 0 });
  return { schedule: time('schedule', 0), pull: time('pull', 0), load: time('load', loadTime) };
}
