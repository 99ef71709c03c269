import { Registry, type RegistryContentType } from 'prom-client';
import type { LoadBalancer } from '../balancer/load-balancer.js';
import { optionFields } from '../core/option-checks.js';
import type { DesiredReplicas } from '../core/scaling.js';
import { InvalidOptionError } from '../errors.js';
import { type ExemplarLabels, traceExemplar } from './exemplar.js';
import { Exporter } from './exporter.js';
import { ModelLabels } from './model-labels.js';
import { Tally } from './tally.js';

export type { ExemplarLabels } from './exemplar.js';

/** Options of `prometheusMetrics`. */
export interface PrometheusOptions {
  /** Where the metrics go. Default: a registry of their own. */
  readonly registry?: Registry<RegistryContentType>;
  /** What their names begin with. Default `evenkeel_`; `''` for the bare names. */
  readonly prefix?: string;
  /** Value of a `balancer` label, to tell balancers apart that share a registry. Default: no such label. */
  readonly name?: string;
  /** Whose `desired_replicas` is shown: an `Autoscaler`. Default: none, and no such series. */
  readonly autoscaler?: DesiredReplicas;
  /** Models with series of their own; all others are `other`. Default: none, and no series by model. */
  readonly models?: readonly string[];
  /**
   * Exemplars on the histograms, which lead from a slow bucket to a trace: `true` for the `trace_id` of the caller's
   * `traceparent`, where it is sampled; a function for labels of your own, 128 characters at most. Needs a registry
   * of OpenMetrics. Default false.
   */
  readonly exemplars?: boolean | ExemplarLabels;
}

/** What `prometheusMetrics` gives back. */
export interface PrometheusMetrics {
  /** Where the metrics are. */
  readonly registry: Registry<RegistryContentType>;
  /** Stops counting. The last balancer to stop takes the metrics out of the registry. */
  stop(): void;
}

/**
 * Metrics of a balancer, for Prometheus. Needs `prom-client`.
 *
 * @throws InvalidOptionError for bad options, when a metric of the user's own has one of the names, and when two
 * balancers would share their series
 * @example
 * const { registry } = prometheusMetrics(balancer);
 * app.get('/metrics', metricsHandler(registry));
 */
export function prometheusMetrics(
  balancer: LoadBalancer,
  options: PrometheusOptions = {},
): PrometheusMetrics {
  const keys = ['registry', 'prefix', 'name', 'autoscaler', 'models', 'exemplars'];
  const given = optionFields('options', options, keys) as PrometheusOptions;
  const { registry = new Registry(), prefix = 'evenkeel_', name, autoscaler, models = [] } = given;
  if (typeof registry?.registerMetric !== 'function')
    throw new InvalidOptionError('options.registry', 'must be a prom-client Registry', registry);
  if (typeof prefix !== 'string' || !/^([a-zA-Z_:][a-zA-Z0-9_:]*)?$/.test(prefix))
    throw new InvalidOptionError('options.prefix', 'must be the beginning of a metric name', prefix);
  if (name !== undefined && (typeof name !== 'string' || name === ''))
    throw new InvalidOptionError('options.name', 'must be a string that is not empty', name);
  if (autoscaler !== undefined && (typeof autoscaler !== 'object' || !('desiredReplicas' in autoscaler)))
    throw new InvalidOptionError('options.autoscaler', 'must be an Autoscaler', autoscaler);
  if (!Array.isArray(models) || !models.every((model) => typeof model === 'string'))
    throw new InvalidOptionError('options.models', 'must be a list of names', models);
  const exemplar = resolveExemplars(given.exemplars, registry);
  const exporter = Exporter.of(registry, prefix);
  const tally = new Tally(new ModelLabels(models), balancer.snapshot().outstanding);
  return { registry, stop: exporter.attach(name, { balancer, tally, autoscaler, exemplar }) };
}

function resolveExemplars(
  given: unknown,
  registry: Registry<RegistryContentType>,
): ExemplarLabels | undefined {
  if (given === undefined || given === false) return undefined;
  if (given !== true && typeof given !== 'function')
    throw new InvalidOptionError('options.exemplars', 'must be a boolean or a function', given);
  // The plain text format has none.
  if (registry.contentType !== Registry.OPENMETRICS_CONTENT_TYPE)
    throw new InvalidOptionError('options.exemplars', 'needs a registry of OpenMetrics', given);
  return given === true ? traceExemplar : (given as ExemplarLabels);
}
