export type { AutoscalingOptions, ColdStart } from './autoscaling-options.js';
export type { AutoscalingReport, FleetChange, FleetSample } from './autoscaling-report.js';
export {
  type CompareOptions,
  type ComparisonRow,
  type Contestant,
  compare,
} from './compare.js';
export type { FleetEvent } from './fleet-events.js';
export { parseFleet, type ReplicaSpec } from './fleet-spec.js';
export { type GenerateTraceOptions, generateTrace } from './generate-trace.js';
export { GPU_KINDS, type GpuKind, type GpuName } from './gpu-kinds.js';
export { distributionChart, htmlReport, timeChart } from './html-report.js';
export { jsonReport } from './json-report.js';
export type { SimulatedWorld, SimulationOptions } from './options.js';
export type { RatePoint } from './rates.js';
export { readTrace } from './read-trace.js';
export type { ReplicaModel } from './replica-model.js';
export type { EndpointReport, Objective, SimulationReport } from './report.js';
export type { SimulatedRequest } from './request-record.js';
export { scalingChart } from './scaling-chart.js';
export { simulate } from './simulate.js';
export type { SimulatedReplica } from './simulated-replica.js';
export type { Spread } from './spread.js';
export type { StepCosts } from './step-time.js';
export { textReport } from './text-report.js';
export type { Trace, TraceRequest } from './trace.js';
export { TRACE_SHAPES, type TraceShape, type TraceShapeName } from './trace-shapes.js';
