import type { LoadBalancerOptions } from '../balancer/options.js';
import type { BalancerHandlers, BalancerObserver } from '../core/events.js';
import { numberOption, optionFields } from '../core/option-checks.js';
import type { SelectionPolicy } from '../core/policy.js';
import { InvalidOptionError } from '../errors.js';
import {
  type AutoscalingOptions,
  type ResolvedAutoscaling,
  resolveAutoscaling,
} from './fleet/autoscaling-options.js';
import { type FleetEvent, type ResolvedEvent, resolveEvents } from './fleet/fleet-events.js';
import { parseFleet, type ReplicaSpec, type Replicated, resolveFleet } from './fleet/fleet-spec.js';
import type { SimulatedReplica } from './replica/simulated-replica.js';
import type { Objective } from './report/report.js';
import type { Trace, TraceRequest } from './trace/trace.js';
import { EPOCH } from './virtual-clock.js';

/** What surrounds a policy in a simulation. Policies that are to be used elsewhere do without it. */
export interface SimulatedWorld {
  /** The events of this client's own balancer. */
  observe(observer: BalancerObserver | BalancerHandlers): void;
  /** Calls again and again, every `interval` ms of virtual time: for policies that poll. */
  every(interval: number, act: () => void): void;
  /** The replica behind an endpoint, by id: the truth, which no real client can see. */
  replica(id: string): SimulatedReplica;
  /** The request of the trace behind one that a policy is asked about; the length of its answer too. */
  requestOf(headers: Readonly<Record<string, string>>): TraceRequest;
}

/** Options of `simulate`. */
export interface SimulationOptions {
  /** The requests, from `readTrace` or `generateTrace`. */
  readonly trace: Trace;
  /** The model servers, or as on a command line: `a100:3,t4x2`. */
  readonly fleet: readonly ReplicaSpec[] | string;
  /** Makes a client's policy; each client has its own. */
  readonly policy: (world: SimulatedWorld) => SelectionPolicy;
  /**
   * Replaces the weights that the fleet gives: what each replica can really do, as measured, or 1 for all.
   * Default: the fleet's.
   */
  readonly weights?: 'capacity' | 'equal';
  /** How it is called in reports. Default: the policy's own name. */
  readonly name?: string;
  /**
   * Requests a second over what the fleet can do: the trace runs faster or slower. Default: the trace as it is.
   */
  readonly load?: number;
  /** Independent clients, each with a balancer of its own that sees nothing but its own requests. Default 1. */
  readonly clients?: number;
  /** Everything random follows from it. Integer, default 1. */
  readonly seed?: number;
  /** What goodput counts. Default: first token within 2 s, 100 ms a token after it. */
  readonly objective?: Partial<Objective>;
  /** What happens to the fleet on the way. Default: nothing. */
  readonly events?: readonly FleetEvent[];
  /** Lets the fleet follow its load. Default: it is as it is. */
  readonly autoscaling?: AutoscalingOptions;
  /** The wall time at the beginning, in ms since the Unix epoch. Default 2026-01-01T00:00:00Z. */
  readonly startsAt?: number;
  /** Milliseconds that a request takes to reach a server. Default 0.5. */
  readonly network?: number;
  /**
   * Tokens that one event of a stream brings. Default 1. More saves processor time, and the balancers' own averages
   * of time per token are of events then.
   */
  readonly eventTokens?: number;
  /** Options of the balancers. Default: their own, but for timeouts: `firstToken`, `response` and `idle` are off. */
  readonly balancer?: Omit<LoadBalancerOptions, 'endpoints' | 'policy' | 'clock' | 'random'>;
  /** Hears the share that is done, in [0, 1], a hundred times or so. */
  readonly onProgress?: (done: number) => void;
}

export interface ResolvedSimulation {
  readonly trace: Trace;
  readonly fleet: readonly Replicated[];
  readonly policy: SimulationOptions['policy'];
  readonly weights: SimulationOptions['weights'];
  readonly name: string | undefined;
  readonly load: number | undefined;
  readonly clients: number;
  readonly seed: number;
  readonly objective: Objective;
  readonly events: readonly ResolvedEvent[];
  readonly autoscaling: ResolvedAutoscaling | undefined;
  readonly startsAt: number;
  readonly network: number;
  readonly eventTokens: number;
  readonly balancer: NonNullable<SimulationOptions['balancer']>;
  readonly onProgress: (done: number) => void;
}

export const SIMULATION_OPTIONS = [
  'trace',
  'fleet',
  'policy',
  'weights',
  'name',
  'load',
  'clients',
  'seed',
  'objective',
  'events',
  'autoscaling',
  'startsAt',
  'network',
  'eventTokens',
  'balancer',
  'onProgress',
];

/** @throws InvalidOptionError */
export function resolveSimulation(options: SimulationOptions): ResolvedSimulation {
  const fields = optionFields('options', options ?? 'nothing', SIMULATION_OPTIONS);
  const { trace, fleet, policy } = options;
  if (!Array.isArray(trace?.requests) || trace.requests.length === 0)
    throw new InvalidOptionError('trace', 'must have at least one request', trace);
  if (typeof policy !== 'function')
    throw new InvalidOptionError('policy', 'must be a function that makes a policy', policy);
  if (options.weights !== undefined && options.weights !== 'capacity' && options.weights !== 'equal')
    throw new InvalidOptionError('weights', "must be 'capacity' or 'equal'", options.weights);
  const objective = optionFields('objective', options.objective, ['firstToken', 'tokenInterval']);
  const limit = { above: 0, infinite: true };
  const specs = typeof fleet === 'string' ? parseFleet(fleet) : fleet;
  const replicas = resolveFleet(specs, trace.blockTokens);
  const events = resolveEvents(fields.events, replicas, trace.blockTokens);
  return {
    trace,
    fleet: replicas,
    events,
    autoscaling: resolveAutoscaling(options.autoscaling, { specs, events, blockTokens: trace.blockTokens }),
    startsAt: numberOption('startsAt', fields.startsAt, EPOCH, {}),
    policy,
    weights: options.weights,
    name: options.name,
    load: fields.load === undefined ? undefined : numberOption('load', fields.load, 1, { above: 0 }),
    clients: numberOption('clients', fields.clients, 1, { integer: true, min: 1 }),
    seed: numberOption('seed', fields.seed, 1, { integer: true }),
    objective: {
      firstToken: numberOption('objective.firstToken', objective.firstToken, 2_000, limit),
      tokenInterval: numberOption('objective.tokenInterval', objective.tokenInterval, 100, limit),
    },
    network: numberOption('network', fields.network, 0.5, { min: 0 }),
    eventTokens: numberOption('eventTokens', fields.eventTokens, 1, { integer: true, min: 1 }),
    balancer: options.balancer ?? {},
    onProgress: options.onProgress ?? (() => {}),
  };
}
