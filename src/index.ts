export type { FetchInit, FetchInput } from './balancer/fetch.js';
export type { RequestFacts } from './balancer/inspect-request.js';
export { LoadBalancer } from './balancer/load-balancer.js';
export type { AttemptHeaders } from './balancer/options/attempt-headers-option.js';
export type { EndpointsOption } from './balancer/options/endpoints-option.js';
export type { Logger } from './balancer/options/logger.js';
export type { DiscoverModelsOptions } from './balancer/options/model-list-options.js';
export type { ProbeOptions } from './balancer/options/probe-options.js';
export type { WarmPoolOptions } from './balancer/options/warm-pool-options.js';
export type { LoadBalancerOptions } from './balancer/options.js';
export { type VllmSleepOptions, vllmSleep } from './balancer/upkeep/vllm-sleep.js';
export type { ExplainedRequest } from './balancer/watching/explain.js';
export type { ObserveOptions } from './balancer/watching/observe.js';
export type { ActivationHook, ActivationTarget } from './core/activation.js';
export type { Clock, Random, Timer } from './core/clock.js';
export type { Exclusion, Explanation, SelectionDecision } from './core/decision.js';
export type { DiscoveryListener, DiscoverySource } from './core/discovery.js';
export type {
  EndpointConfig,
  EndpointLatency,
  EndpointStateName,
  EndpointView,
  MetricsConfig,
} from './core/endpoint.js';
export type { BalancerEvent, BalancerHandlers, BalancerObserver, TokenUsage } from './core/events.js';
export type {
  BalancedReply,
  BalancedRequest,
  BodySink,
  CancelSignal,
  ReplyBody,
  RequestBody,
  RequestOverrides,
  UnreadBody,
} from './core/exchange.js';
export type { InferenceRequest } from './core/inference-request.js';
export type { LoadReadings, LoadReport, LoadSignalParser } from './core/load-report.js';
export type { FaultReason, NeutralReason, Outcome, OutcomeKind } from './core/outcome.js';
export type {
  AttemptFollower,
  AttemptResult,
  CandidateScore,
  SampleRule,
  ScorerFailure,
  SelectionContext,
  SelectionPolicy,
  SentAttempt,
} from './core/policy.js';
export type { AttemptRecord, AttemptTimes, RequestRecord } from './core/request-record.js';
export type { ChatRequest, ResumeStrategy } from './core/resume.js';
export type { RetryDecision, RetryPolicy, RetrySituation } from './core/retry.js';
export type { EndpointScorer, Filter, Picker, Scorer } from './core/scoring.js';
export type { LoadSignal, LoadSignalOptions } from './core/signal.js';
export type { BalancerSnapshot, EndpointSnapshot } from './core/snapshot.js';
export type { Timeouts } from './core/timeouts.js';
export {
  DiscoveryError,
  EvenkeelError,
  type EvenkeelErrorCode,
  InvalidOptionError,
  isEvenkeelError,
  StreamError,
  type StreamErrorCode,
} from './errors.js';
export { type AdaptiveOptions, adaptive } from './policies/adaptive.js';
export {
  type ConsistentHashKey,
  type ConsistentHashOptions,
  consistentHash,
} from './policies/consistent-hash.js';
export { type LeastOutstandingOptions, leastOutstanding } from './policies/least-outstanding.js';
export { type PeakEwmaOptions, peakEwma } from './policies/peak-ewma.js';
export { powerOfTwo } from './policies/power-of-two.js';
export { roundRobin } from './policies/round-robin.js';
export { defaultScorers, type ScoredOptions, scored, type WeightedScorer } from './policies/scored.js';
export { weightedRandom } from './policies/weighted-random.js';
export type { BackoffOptions } from './retries/backoff.js';
export { type ContinueFinalMessageOptions, continueFinalMessage } from './retries/continue-final-message.js';
export type { HedgeOptions } from './retries/hedge-options.js';
export type { RetryBudgetOptions } from './retries/retry-budget.js';
export type { RetryOptions } from './retries/retry-options.js';
export type { AdmissionOptions } from './state/admission.js';
export type { BreakerOptions } from './state/breaker-options.js';
export type { SlowStartOptions } from './state/slow-start.js';
