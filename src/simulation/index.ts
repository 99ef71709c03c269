export {
  type CompareOptions,
  type ComparisonRow,
  type Contestant,
  compare,
} from './compare.js';
export type { AutoscalingOptions, ColdStart } from './fleet/autoscaling-options.js';
export type { FleetEvent } from './fleet/fleet-events.js';
export { parseFleet, type ReplicaSpec } from './fleet/fleet-spec.js';
export type { SimulatedWorld, SimulationOptions } from './options.js';
export { GPU_KINDS, type GpuKind, type GpuName } from './replica/gpu-kinds.js';
export type { ReplicaModel } from './replica/replica-model.js';
export type { SimulatedReplica } from './replica/simulated-replica.js';
export type { StepCosts } from './replica/step-time.js';
export type { AutoscalingReport, FleetChange, FleetSample } from './report/autoscaling-report.js';
export { distributionChart, htmlReport, timeChart } from './report/html-report.js';
export { jsonReport } from './report/json-report.js';
export type { EndpointReport, Objective, SimulationReport } from './report/report.js';
export type { SimulatedRequest } from './report/request-record.js';
export { scalingChart } from './report/scaling-chart.js';
export type { Spread } from './report/spread.js';
export { textReport } from './report/text-report.js';
export { simulate } from './simulate.js';
export { type GenerateTraceOptions, generateTrace } from './trace/generate-trace.js';
export type { RatePoint } from './trace/rates.js';
export { readTrace } from './trace/read-trace.js';
export type { Trace, TraceRequest } from './trace/trace.js';
export { TRACE_SHAPES, type TraceShape, type TraceShapeName } from './trace/trace-shapes.js';
