import type { LoadBalancer } from '../balancer/load-balancer.js';
import { functionOption, optionFields, withMethods } from '../core/option-checks.js';
import type { DesiredReplicas } from '../core/scaling.js';
import type { EndpointSnapshot } from '../core/snapshot.js';
import { InvalidOptionError } from '../errors.js';
import { seenReplicas } from './replicas.js';

/** Options of `kedaMetrics`. */
export interface KedaMetricsOptions {
  /** Whose `desiredReplicas` is told too: an `Autoscaler`, in dry run where KEDA is to do the scaling. */
  readonly autoscaler?: DesiredReplicas;
  /** Which endpoints are replicas of the fleet. Default: those of tier 0. */
  readonly isReplica?: (endpoint: EndpointSnapshot) => boolean;
  /** Models that are always in `queueDepthByModel`, at 0 when none of their requests waits. Default: none. */
  readonly models?: readonly string[];
}

/** Totals of this process, for KEDA's `metrics-api` scaler. The names are the `valueLocation`s. */
export interface KedaReport {
  /** Requests waiting for admission. */
  readonly queueDepth: number;
  /** Requests sent and not settled. */
  readonly outstanding: number;
  /** Both: the one that moves before a queue forms. */
  readonly demand: number;
  /** Replicas that serve. */
  readonly readyReplicas: number;
  /** What the autoscaler would have; absent while it does not know. */
  readonly desiredReplicas?: number;
  /** Requests waiting, by model: `queueDepthByModel.llama-3\\.1-8b`, its dots escaped. Give `models`. */
  readonly queueDepthByModel: Readonly<Record<string, number>>;
}

/** Something for `metricsHandler` of `evenkeel/express`, `evenkeel/fastify` and `evenkeel/web` to serve. */
export interface KedaMetrics {
  /** Of what `report` gives. */
  readonly contentType: 'application/json; charset=utf-8';
  /** The JSON. */
  metrics(): Promise<string>;
  /** What KEDA's metrics-api scaler reads. */
  report(): KedaReport;
}

/**
 * What KEDA's `metrics-api` scaler asks for, as JSON.
 *
 * @throws InvalidOptionError
 * @example
 * app.get('/scaling', metricsHandler(kedaMetrics(balancer)));
 */
export function kedaMetrics(
  balancer: Pick<LoadBalancer, 'snapshot'>,
  options?: KedaMetricsOptions,
): KedaMetrics {
  const fields = optionFields('kedaMetrics', options, [
    'autoscaler',
    'isReplica',
    'models',
  ]) as KedaMetricsOptions;
  const { autoscaler, models = [] } = fields;
  const isReplica = functionOption('kedaMetrics.isReplica', fields.isReplica) ?? (({ tier }) => tier === 0);
  if (withMethods('kedaMetrics.balancer', balancer, ['snapshot']) === undefined)
    throw new InvalidOptionError('kedaMetrics.balancer', 'must be given', balancer);
  if (autoscaler !== undefined && (typeof autoscaler !== 'object' || !('desiredReplicas' in autoscaler)))
    throw new InvalidOptionError('kedaMetrics.autoscaler', 'must be an Autoscaler', autoscaler);
  if (!Array.isArray(models) || !models.every((model) => typeof model === 'string'))
    throw new InvalidOptionError('kedaMetrics.models', 'must be a list of names', models);
  const none = Object.fromEntries(models.map((model) => [model, 0]));
  const report = (): KedaReport => {
    const { queued, outstanding, queuedByModel, endpoints } = balancer.snapshot();
    const desired = autoscaler?.desiredReplicas;
    return {
      queueDepth: queued,
      outstanding,
      demand: queued + outstanding,
      readyReplicas: seenReplicas(endpoints, isReplica).ready,
      // Absent and not 0: KEDA then falls back, as its `fallback` says, and does not scale to nothing.
      ...(desired === undefined ? {} : { desiredReplicas: desired }),
      queueDepthByModel: { ...none, ...queuedByModel },
    };
  };
  return {
    contentType: 'application/json; charset=utf-8',
    metrics: async () => JSON.stringify(report()),
    report,
  };
}
