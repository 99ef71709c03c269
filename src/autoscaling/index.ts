export type {
  Actuator,
  DesiredReplicas,
  LeaderElection,
  LeadershipListener,
  PodReading,
  ScalingDecision,
  ScalingEvent,
  ScalingObserver,
  ScalingPod,
  ScalingPolicy,
  ScalingSituation,
  TargetState,
} from '../core/scaling.js';
export {
  type KubernetesApi,
  type KubernetesApiOptions,
  type KubernetesRequest,
  kubernetesApi,
} from '../transport/kubernetes-api.js';
export { KubernetesApiError } from '../transport/kubernetes-api-error.js';
export { Autoscaler } from './autoscaler.js';
export type { AutoscalerOptions, ScaleFunction } from './autoscaler-options.js';
export type { ScalingSource } from './check-fleet.js';
export { type KedaMetrics, type KedaMetricsOptions, type KedaReport, kedaMetrics } from './keda-metrics.js';
export { type KubernetesLeaseOptions, kubernetesLease } from './kubernetes-lease.js';
export { type KubernetesScaleOptions, kubernetesScale } from './kubernetes-scale.js';
export { WebhookError, type WebhookOptions, webhook } from './webhook.js';
