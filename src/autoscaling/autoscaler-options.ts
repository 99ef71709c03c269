import { type Logger, silentLogger } from '../balancer/options/logger.js';
import type { Clock } from '../core/clock.js';
import {
  booleanOption,
  functionOption,
  numberOption,
  optionFields,
  withMethods,
} from '../core/option-checks.js';
import type { Actuator, LeaderElection, ScalingPolicy } from '../core/scaling.js';
import type { EndpointSnapshot } from '../core/snapshot.js';
import { InvalidOptionError } from '../errors.js';
import { systemClock } from '../system.js';

/** Sets the fleet to so many replicas; rejects when it could not, and stops when `signal` says so. */
export type ScaleFunction = (replicas: number, signal: AbortSignal) => unknown;

/** Options of `Autoscaler`. */
export interface AutoscalerOptions {
  /** A value such as `stabilized(queueDepthTiers())`, of this autoscaler alone: policies remember. */
  readonly policy: ScalingPolicy;
  /** What carries a decision out: `kubernetesScale(…)`, `webhook(…)`, or a function. */
  readonly actuator: Actuator | ScaleFunction;
  /** Integer >= 0, default 1. */
  readonly min?: number;
  /** Integer, at least `min` and 1. */
  readonly max: number;
  /** From one decision to the next, in ms. At least 1000, default 15 000. */
  readonly interval?: number;
  /** Longest wait for the actuator, each time, in ms. Above 0, default 10 000. */
  readonly timeout?: number;
  /** Decides and tells, and changes nothing. Default false. */
  readonly dryRun?: boolean;
  /** Makes one of many processes the one that scales. Default: this one does. */
  readonly leader?: LeaderElection;
  /** Which endpoints are replicas of the fleet. Default: those of tier 0. */
  readonly isReplica?: (endpoint: EndpointSnapshot) => boolean;
  /** Default: silent. */
  readonly logger?: Logger;
  /** For tests. Default: the system's. */
  readonly clock?: Clock;
}

export type ResolvedAutoscaler = Required<Omit<AutoscalerOptions, 'leader' | 'actuator'>> & {
  readonly actuator: Actuator;
  readonly leader: LeaderElection | undefined;
};

const KEYS = [
  'policy',
  'actuator',
  'min',
  'max',
  'interval',
  'timeout',
  'dryRun',
  'leader',
  'isReplica',
  'logger',
  'clock',
];

/** @throws InvalidOptionError */
export function resolveAutoscaler(options: AutoscalerOptions): ResolvedAutoscaler {
  const given = optionFields<AutoscalerOptions>('autoscaler', options ?? null, KEYS);
  const min = numberOption('autoscaler.min', given.min, 1, { integer: true, min: 0 });
  return {
    policy: required('policy', withMethods('autoscaler.policy', given.policy, ['decide'])),
    actuator: required('actuator', actuatorOption(given.actuator)),
    min,
    max: numberOption('autoscaler.max', required('max', given.max), min, {
      integer: true,
      min: Math.max(min, 1),
    }),
    interval: numberOption('autoscaler.interval', given.interval, 15_000, { min: 1000 }),
    timeout: numberOption('autoscaler.timeout', given.timeout, 10_000, { above: 0 }),
    dryRun: booleanOption('autoscaler.dryRun', given.dryRun, false),
    leader: withMethods('autoscaler.leader', given.leader, ['campaign']),
    isReplica: functionOption('autoscaler.isReplica', given.isReplica) ?? (({ tier }) => tier === 0),
    logger:
      withMethods('autoscaler.logger', given.logger, ['debug', 'info', 'warn', 'error']) ?? silentLogger,
    clock: withMethods('autoscaler.clock', given.clock, ['now', 'wallTime', 'setTimer']) ?? systemClock,
  };
}

function required<Value>(option: string, value: Value | undefined): Value {
  if (value === undefined) throw new InvalidOptionError(`autoscaler.${option}`, 'must be given', value);
  return value;
}

function actuatorOption(actuator: Actuator | ScaleFunction | undefined): Actuator | undefined {
  if (typeof actuator !== 'function') return withMethods('autoscaler.actuator', actuator, ['read', 'scale']);
  return {
    name: actuator.name === '' ? 'function' : actuator.name,
    read: async () => undefined,
    scale: async (replicas, signal) => {
      await actuator(replicas, signal);
    },
  };
}
