import type { EndpointLatency, EndpointStateName } from './endpoint.js';
import type { LoadReport } from './load-report.js';

/** One endpoint as plain JSON. */
export interface EndpointSnapshot {
  /** Unique in the balancer. */
  readonly id: string;
  /** Fit to be shown: of a base path in which a key may stand, a digest. */
  readonly url: string;
  /** Its share beside the others of its tier; 0: gets nothing. */
  readonly weight: number;
  /** 0 is asked first; higher ones where lower ones cannot. */
  readonly tier: number;
  /** Requests sent to it and not settled yet. */
  readonly outstanding: number;
  /** `null` when unlimited (JSON has no Infinity); where it is adaptive, what it is now. */
  readonly maxOutstanding: number | null;
  /** Whether it would take a request now. */
  readonly available: boolean;
  /** As events and metrics call it. */
  readonly state: EndpointStateName;
  /** Milliseconds until its open breaker lets a trial through; absent unless open or suspect. */
  readonly reopensIn?: number | undefined;
  /** Milliseconds of cooling off that are left; absent when it does not cool off. */
  readonly coolsOffFor?: number | undefined;
  /** What its answers took lately. */
  readonly latency: EndpointLatency;
  /** Prompt tokens whose first token has not come. */
  readonly pendingPrompt: number;
  /** Prompt tokens a second; absent until learnt. */
  readonly prefillRate?: number | undefined;
  /** The engine's own figures; absent when there are none, or none that are fresh. */
  readonly load?: LoadReport | undefined;
}

/** A balancer as plain JSON: the input of dashboards and scaling policies. */
export interface BalancerSnapshot {
  /** Requests waiting for admission. */
  readonly queued: number;
  /** Requests waiting, by model asked for. Requests that name none count under `''`. */
  readonly queuedByModel: Readonly<Record<string, number>>;
  /** Requests sent and not settled. */
  readonly outstanding: number;
  /** How many endpoints would take a request now. */
  readonly available: number;
  /** Whether `close()` has been called. */
  readonly closed: boolean;
  /** One for each. */
  readonly endpoints: readonly EndpointSnapshot[];
}
