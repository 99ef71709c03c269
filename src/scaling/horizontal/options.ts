import { numberOption, optionFields } from '../../core/option-checks.js';
import { InvalidOptionError } from '../../errors.js';
import type { DirectionRules, HorizontalBehavior, HorizontalPolicy, HorizontalRules } from './behavior.js';
import type { HorizontalMetric } from './metric.js';

/** Options of `horizontal`. */
export interface HorizontalOptions {
  /** At least one; the one that calls for most counts. */
  readonly metrics: readonly HorizontalMetric[];
  /** Integer >= 0, default 1. */
  readonly min?: number;
  /** Integer, at least `min` and 1. */
  readonly max: number;
  /**
   * `spec.behavior` of an HPA, in its own words and in seconds. Left out, the rules are those of an HPA without one:
   * the highest recommendation of `downscaleStabilization`, and at most twice the replicas, or 4, at once.
   */
  readonly behavior?: HorizontalBehavior;
  /** How far the ratio of use to target may be from 1. At least 0, default 0.1. */
  readonly tolerance?: number;
  /** Window for scaling down where `behavior` says nothing of it, in ms. Default 300 000. */
  readonly downscaleStabilization?: number;
  /** How long after its start a pod's CPU counts only once it is ready, in ms. Default 300 000. */
  readonly cpuInitializationPeriod?: number;
  /** A pod whose readiness last changed within this time of its start has never been ready, in ms. Default 30 000. */
  readonly initialReadinessDelay?: number;
}

/** Kubernetes' defaults (`pkg/apis/autoscaling/v2/defaults.go`). */
const UP_POLICIES: readonly HorizontalPolicy[] = [
  { type: 'Pods', value: 4, periodSeconds: 15 },
  { type: 'Percent', value: 100, periodSeconds: 15 },
];
const DOWN_POLICIES: readonly HorizontalPolicy[] = [{ type: 'Percent', value: 100, periodSeconds: 15 }];

/** Options checked and completed. */
export function resolveHorizontal(options: HorizontalOptions) {
  const fields = optionFields('horizontal', options, [
    'metrics',
    'min',
    'max',
    'behavior',
    'tolerance',
    'downscaleStabilization',
    'cpuInitializationPeriod',
    'initialReadinessDelay',
  ]);
  const time = (option: string, fallback: number) =>
    numberOption(`horizontal.${option}`, fields[option], fallback, { min: 0, max: 3_600_000 });
  const min = numberOption('horizontal.min', fields.min, 1, { integer: true, min: 0 });
  if (fields.max === undefined) throw new InvalidOptionError('horizontal.max', 'must be given', fields.max);
  const max = numberOption('horizontal.max', fields.max, min, { integer: true, min: Math.max(min, 1) });
  const tolerance = numberOption('horizontal.tolerance', fields.tolerance, 0.1, { min: 0 });
  const window = time('downscaleStabilization', 300_000);
  const behavior = optionFields('horizontal.behavior', fields.behavior, ['scaleUp', 'scaleDown']);
  const up = resolveRules('scaleUp', behavior.scaleUp, { window: 0, policies: UP_POLICIES, tolerance });
  const down = resolveRules('scaleDown', behavior.scaleDown, { window, policies: DOWN_POLICIES, tolerance });
  return {
    metrics: resolveMetrics(fields.metrics),
    min,
    max,
    behavior: fields.behavior === undefined ? undefined : { up, down },
    downscaleStabilization: window,
    rules: {
      tolerances: { scaleUp: up.tolerance, scaleDown: down.tolerance },
      times: {
        cpuInitializationPeriod: time('cpuInitializationPeriod', 300_000),
        initialReadinessDelay: time('initialReadinessDelay', 30_000),
      },
    },
  };
}

export type ResolvedHorizontal = ReturnType<typeof resolveHorizontal>;

interface RuleDefaults {
  readonly window: number;
  readonly policies: readonly HorizontalPolicy[];
  readonly tolerance: number;
}

function resolveRules(
  direction: keyof HorizontalBehavior,
  given: unknown,
  defaults: RuleDefaults,
): DirectionRules & { readonly tolerance: number } {
  const option = `horizontal.behavior.${direction}`;
  const fields = optionFields(option, given, [
    'stabilizationWindowSeconds',
    'selectPolicy',
    'policies',
    'tolerance',
  ]) as HorizontalRules;
  const { selectPolicy: select = 'Max', policies = defaults.policies } = fields;
  if (!['Max', 'Min', 'Disabled'].includes(select))
    throw new InvalidOptionError(`${option}.selectPolicy`, 'must be Max, Min or Disabled', select);
  if (!Array.isArray(policies) || policies.length === 0)
    throw new InvalidOptionError(`${option}.policies`, 'must list at least one policy', policies);
  for (const [index, policy] of policies.entries()) checkPolicy(`${option}.policies[${index}]`, policy);
  const seconds = `${option}.stabilizationWindowSeconds`;
  return {
    window:
      numberOption(seconds, fields.stabilizationWindowSeconds, defaults.window / 1000, {
        min: 0,
        max: 3600,
      }) * 1000,
    select,
    policies,
    tolerance: numberOption(`${option}.tolerance`, fields.tolerance, defaults.tolerance, { min: 0 }),
  };
}

function checkPolicy(option: string, policy: unknown): void {
  const {
    type,
    value = null,
    periodSeconds = null,
  } = optionFields(option, policy, ['type', 'value', 'periodSeconds']);
  if (type !== 'Pods' && type !== 'Percent')
    throw new InvalidOptionError(`${option}.type`, 'must be Pods or Percent', type);
  numberOption(`${option}.value`, value, 0, { integer: true, min: 1 });
  numberOption(`${option}.periodSeconds`, periodSeconds, 0, { min: 1, max: 1800 });
}

const TARGETS = {
  External: ['averageValue', 'value'],
  Pods: ['averageValue'],
  Resource: ['averageUtilization', 'averageValue'],
};

function resolveMetrics(given: unknown): readonly HorizontalMetric[] {
  if (!Array.isArray(given) || given.length === 0)
    throw new InvalidOptionError('horizontal.metrics', 'must list at least one metric', given);
  for (const [index, metric] of given.entries()) checkMetric(`horizontal.metrics[${index}]`, metric);
  return given;
}

function checkMetric(option: string, metric: unknown): void {
  const { type, name, target, read } = optionFields(option, metric, ['type', 'name', 'target', 'read']);
  if (type !== 'External' && type !== 'Pods' && type !== 'Resource')
    throw new InvalidOptionError(`${option}.type`, 'must be External, Pods or Resource', type);
  if (typeof name !== 'string' || name === '')
    throw new InvalidOptionError(`${option}.name`, 'must be a text that is not empty', name);
  if ((type === 'External') !== (typeof read === 'function'))
    throw new InvalidOptionError(
      `${option}.read`,
      'must be a function for External, and absent for the others',
      read,
    );
  const targets = optionFields(`${option}.target`, target, TARGETS[type]);
  const [kind, ...others] = Object.keys(targets);
  if (kind === undefined || others.length > 0)
    throw new InvalidOptionError(`${option}.target`, `must have one of ${TARGETS[type].join(', ')}`, target);
  numberOption(`${option}.target.${kind}`, targets[kind] ?? null, 0, { above: 0 });
}
