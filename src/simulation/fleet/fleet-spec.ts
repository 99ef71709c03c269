import type { EndpointConfig } from '../../core/endpoint.js';
import { numberOption, optionFields } from '../../core/option-checks.js';
import { InvalidOptionError } from '../../errors.js';
import { GPU_KINDS, type GpuKind, type GpuName } from '../replica/gpu-kinds.js';
import type { ReplicaModel } from '../replica/replica-model.js';
import { stepCosts } from '../replica/step-time.js';

/** One model server of a fleet: what the balancer is told of it, and what it really is. */
export interface ReplicaSpec {
  /** A known kind, or a GPU of your own. */
  readonly gpu: GpuName | GpuKind;
  /** Default: the kind and its number in the fleet, `a100-1`. */
  readonly id?: string;
  /** What the balancer is told, right or wrong. Default 1; `'capacity'`: what it can really do, as measured. */
  readonly weight?: number | 'capacity';
  /** More of what the balancer is told: tier, maxOutstanding, labels, healthPath and so on. */
  readonly endpoint?: Omit<EndpointConfig, 'url' | 'id' | 'weight'>;
  /** How many times as fast as the kind says; 0.5 is half as fast. Default 1. */
  readonly speed?: number;
  /** Tokens of KV cache. Default: the kind's. */
  readonly kvTokens?: number;
  /** Sequences that run together. Default: the kind's. */
  readonly slots?: number;
  /** Requests that may wait inside before the server answers 503. Default: no limit, as vLLM. */
  readonly maxWaiting?: number;
  /** Whether prompts' prefixes are kept. Default true. */
  readonly prefixCaching?: boolean;
  /** Milliseconds to load the model after a start, for replicas that join or return. Default 60 s. */
  readonly loadTime?: number;
}

/** A spec with every default filled in. */
export interface Replicated {
  readonly id: string;
  readonly weight: number | 'capacity';
  readonly endpoint: Omit<EndpointConfig, 'url' | 'id' | 'weight'>;
  readonly model: ReplicaModel;
}

export const REPLICA_FIELDS = [
  'gpu',
  'id',
  'weight',
  'endpoint',
  'speed',
  'kvTokens',
  'slots',
  'maxWaiting',
  'prefixCaching',
  'loadTime',
];

/**
 * Reads a fleet as it is written on a command line: `a100:3,t4,t4x2` is an A100 of weight 3 and three T4 of weight 1;
 * `a100:capacity` has the weight that it deserves.
 */
export function parseFleet(text: string): readonly ReplicaSpec[] {
  return text.split(',').flatMap((part) => {
    const match = /^([a-z0-9-]+?)(?:x(\d+))?(?::(capacity|[\d.]+))?$/.exec(part.trim());
    const [, gpu = '', count = '1', weight = '1'] = match ?? [];
    if (match === null || !isGpu(gpu)) {
      const known = Object.keys(GPU_KINDS).join(', ');
      throw new InvalidOptionError('fleet', `must list GPUs as in a100:3,t4x2 (known: ${known})`, part);
    }
    const spec = { gpu, weight: weight === 'capacity' ? ('capacity' as const) : Number(weight) };
    return Array.from({ length: Number(count) }, () => spec);
  });
}

/** @throws InvalidOptionError */
export function resolveFleet(fleet: unknown, blockTokens: number): readonly Replicated[] {
  if (!Array.isArray(fleet) || fleet.length === 0)
    throw new InvalidOptionError('fleet', 'must name at least one replica', fleet);
  const counts = new Map<string, number>();
  const taken = new Set<string>();
  return fleet.map((spec: ReplicaSpec, index) => {
    const replica = resolveReplica(spec, `fleet[${index}]`, blockTokens, (kind) => {
      const count = (counts.get(kind) ?? 0) + 1;
      counts.set(kind, count);
      return `${kind}-${count}`;
    });
    if (taken.has(replica.id))
      throw new InvalidOptionError(`fleet[${index}].id`, 'must be unique', replica.id);
    taken.add(replica.id);
    return replica;
  });
}

/** @param name gives a replica without an id one, from its kind */
export function resolveReplica(
  spec: ReplicaSpec,
  option: string,
  blockTokens: number,
  name: (kind: string) => string,
): Replicated {
  const fields = optionFields(option, spec ?? 'nothing', REPLICA_FIELDS);
  const gpu = gpuOf(`${option}.gpu`, spec.gpu);
  const number = (field: string, fallback: number, rule: Parameters<typeof numberOption>[3]) =>
    numberOption(`${option}.${field}`, fields[field], fallback, rule);
  const weight = spec.weight === 'capacity' ? spec.weight : number('weight', 1, { min: 0 });
  const speed = number('speed', 1, { above: 0 });
  const costs = stepCosts(gpu);
  return {
    id: spec.id ?? name(typeof spec.gpu === 'string' ? spec.gpu : 'gpu'),
    weight,
    endpoint: spec.endpoint ?? {},
    model: {
      costs: {
        fixed: costs.fixed / speed,
        weights: costs.weights / speed,
        prefillToken: costs.prefillToken / speed,
        contextToken: costs.contextToken / speed,
        sequence: costs.sequence / speed,
      },
      stepTokens: gpu.stepTokens,
      slots: number('slots', gpu.slots, { integer: true, min: 1 }),
      maxWaiting: number('maxWaiting', Number.POSITIVE_INFINITY, { min: 0, infinite: true }),
      kvTokens: number('kvTokens', gpu.kvTokens, { min: 1 }),
      blockTokens,
      prefixCaching: spec.prefixCaching ?? true,
      loadTime: number('loadTime', 60_000, { min: 0 }),
    },
  };
}

function gpuOf(option: string, gpu: unknown): GpuKind {
  if (typeof gpu === 'object' && gpu !== null) return ownKind(option, gpu);
  if (typeof gpu !== 'string' || !isGpu(gpu))
    throw new InvalidOptionError(option, `must be one of ${Object.keys(GPU_KINDS).join(', ')}`, gpu);
  return GPU_KINDS[gpu];
}

function ownKind(option: string, gpu: object): GpuKind {
  const needed = ['bandwidth', 'flops', 'prefillEfficiency', 'kvTokens', 'stepTokens', 'slots'];
  const fields = optionFields(option, gpu, [...needed, 'weightBytes']);
  // No default: what is left out is no number, and refused.
  for (const field of needed)
    numberOption(`${option}.${field}`, fields[field] ?? Number.NaN, 0, { above: 0 });
  numberOption(`${option}.weightBytes`, fields.weightBytes, 0, { above: 0 });
  return gpu as GpuKind;
}

function isGpu(name: string): name is GpuName {
  return Object.hasOwn(GPU_KINDS, name);
}
