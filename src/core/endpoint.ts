import type { LoadReport, LoadSignalParser } from './load-report.js';

/** Where an endpoint's own figures are read, and how. */
export interface MetricsConfig {
  /**
   * The page, absolute. Default: the parser's path from the root of the endpoint's origin. The endpoint's `headers`
   * go with it where the origin is the endpoint's own, and nowhere else.
   */
  readonly url?: string;
  /** Reads the page: `vllm()` of `evenkeel/signals/vllm`, say. */
  readonly parser: LoadSignalParser;
  /** Longest time between two readings, in ms; each wait is random in [0.8, 1) of it. At least 50, default 2 000. */
  readonly interval?: number;
}

/** One model server, as the user describes it. */
export interface EndpointConfig {
  /**
   * Origin, with an optional base path: `http://10.0.0.1:8000` or `https://api.example.com/v1`.
   * A base path that the request path already begins with is not repeated.
   */
  readonly url: string;
  /**
   * Unique name, shown in headers, metrics and events. Default: the url; a base path that is more than a version,
   * `api` or `openai` is shown as a digest, since a key may stand in it.
   */
  readonly id?: string;
  /** Relative capacity, finite and >= 0. 0 drains: no new requests. Default 1. */
  readonly weight?: number;
  /** Lower tiers are used first; higher ones take overflow and failover. Integer >= 0, default 0. */
  readonly tier?: number;
  /** Most requests outstanding at once; `'adaptive'` finds it out from the answers. Default: unlimited. */
  readonly maxOutstanding?: number | 'adaptive';
  /** Models served: a list, or a map from requested to served name. Default: every model. */
  readonly models?: readonly string[] | Readonly<Record<string, string>>;
  /** Headers for this endpoint; they replace the caller's of the same name. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Free-form labels for filters and scorers. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Endpoints of one group share a quota: when one cools off, all do. */
  readonly quotaGroup?: string;
  /**
   * Where `GET` tells whether the endpoint is ready: 2xx is yes. From the root of the origin, whatever base path
   * the url has: `/health`. With it the endpoint gets nothing before it is ready, and is probed while its breaker
   * is open. Default: none, ready at once.
   */
  readonly healthPath?: string;
  /**
   * How long it gets nothing, and is not asked for its health, after it has joined a balancer that has endpoints
   * already; ms, default 0.
   */
  readonly initialDelay?: number;
  /**
   * A warm reserve: its model is loaded, and it gets nothing until the others are saturated or fail, or it is
   * activated by call. Default false.
   */
  readonly standby?: boolean;
  /** Where its load is read; several sources count as one report. Default: none. */
  readonly metrics?: MetricsConfig | readonly MetricsConfig[];
}

/**
 * What an endpoint is doing now:
 * - `healthy`: takes requests
 * - `cooling-off`: answered that it is overloaded; left alone until its Retry-After has passed
 * - `open`: its breaker is open
 * - `half-open`: its breaker admits one trial
 * - `suspect`: tripped while too many others were open; used only when nothing better is left
 * - `draining`: takes no new request and finishes its streams
 * - `warming`: not ready yet: its health is not good, its `initialDelay` runs, or it wakes up; gets nothing
 * - `standby`: kept in reserve; gets nothing until it is activated
 */
export type EndpointStateName =
  | 'healthy'
  | 'cooling-off'
  | 'open'
  | 'half-open'
  | 'suspect'
  | 'draining'
  | 'warming'
  | 'standby';

/** Every state name, in the order of the documentation. */
export const ENDPOINT_STATES: readonly EndpointStateName[] = [
  'healthy',
  'cooling-off',
  'open',
  'half-open',
  'suspect',
  'draining',
  'warming',
  'standby',
];

/** Moving averages in milliseconds; `undefined` until measured. */
export interface EndpointLatency {
  /** From sending to the first content of a stream. */
  readonly firstToken: number | undefined;
  /** From sending to the headers of an answer that does not stream. */
  readonly response: number | undefined;
  /** Between content events of a stream. */
  readonly tokenInterval: number | undefined;
}

/** The live, read-only face of an endpoint: what policies, filters and scorers see. */
export interface EndpointView {
  /** Unique in the balancer. */
  readonly id: string;
  /** Its base URL. */
  readonly url: string;
  /** Its share beside the others of its tier; 0: gets nothing. */
  readonly weight: number;
  /** 0 is asked first; higher ones where lower ones cannot. */
  readonly tier: number;
  /** Requests sent and not settled. */
  readonly outstanding: number;
  /** `Infinity` when unlimited; where it is adaptive, what it is now. */
  readonly maxOutstanding: number;
  /** True when a request could be sent here now. */
  readonly available: boolean;
  /** As events and metrics call it. */
  readonly state: EndpointStateName;
  /** Slow-start factor in (0, 1]; 1 outside slow start. Multiplies the weight. */
  readonly slowStart: number;
  /** What its answers took lately. */
  readonly latency: EndpointLatency;
  /** Prompt tokens of requests whose first token has not come: of an answer that does not stream, its headers. */
  readonly pendingPrompt: number;
  /** Prompt tokens a second that it works off, as learnt from first tokens; `undefined` until learnt. */
  readonly prefillRate: number | undefined;
  /** What its engine says of its load; `undefined` without a `metrics` option, and when the readings are too old. */
  readonly load?: LoadReport | undefined;
  /** Its own, as configured or discovered. */
  readonly labels: Readonly<Record<string, string>>;
  /** Endpoints of one group share a rate limit, and cool off together. */
  readonly quotaGroup: string | undefined;
  /** The name under which this endpoint serves `model`, or `undefined` if it does not. */
  servedModel(model: string): string | undefined;
}

/**
 * Takes requests now, or would if it were not full, cooling off or held back by its breaker: a replica to count on.
 * Not one that drains, is not ready yet, or rests on standby; nor one of weight 0.
 */
export function inService({ weight, state }: Pick<EndpointView, 'weight' | 'state'>): boolean {
  return weight > 0 && state !== 'draining' && state !== 'warming' && state !== 'standby';
}

/** Weight times slow start: the share of traffic this endpoint should get now. */
export function effectiveWeight(endpoint: EndpointView): number {
  return endpoint.weight * (endpoint.slowStart ?? 1);
}

/**
 * Outstanding requests per unit of weight as they would be after one more: lower is better.
 * The one counts in so that, of two idle endpoints, the heavier goes first. `Infinity` for weight 0.
 */
export function loadAfterPick(endpoint: EndpointView): number {
  return (endpoint.outstanding + 1) / effectiveWeight(endpoint);
}
