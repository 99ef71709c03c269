import type { SelectionDecision } from '../../core/decision.js';
import type { EndpointSnapshot } from '../../core/snapshot.js';

/** The first message of a feed: event `hello`. */
export interface FeedHello {
  /** Milliseconds between two ticks. */
  readonly interval: number;
  /** What an action has to show; absent where actions are off. */
  readonly token?: string;
}

/** What the page is told of one endpoint. Its address is no part of it, but for an id that is one. */
export interface FeedEndpoint extends Omit<EndpointSnapshot, 'url' | 'latency' | 'prefillRate'> {
  /** Tokens a second of answers that ended lately: content events, where the endpoint did not count them itself. */
  readonly tokens: number;
  /** Milliseconds to the first token of the last minute's streams; absent when there was none. */
  readonly firstToken?: FeedQuantiles;
}

/** Median and 95th percentile of a figure, in ms. */
export interface FeedQuantiles {
  readonly p50: number;
  readonly p95: number;
}

/** How much an event asks for attention. */
export type FeedLevel = 'info' | 'warn' | 'error';

/** A line of the event log. */
export interface FeedEvent {
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  readonly level: FeedLevel;
  readonly endpoint?: string;
  readonly text: string;
  /** How often it happened since the last tick. */
  readonly count: number;
}

/** A choice as it was made; a sample of them, where requests are many. */
export interface FeedDecision
  extends Pick<SelectionDecision, 'policy' | 'choice' | 'model' | 'streaming' | 'promptTokens' | 'attempt'> {
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  /** How many there were to choose from. */
  readonly candidates: number;
  /** Of the chosen one and a few others. */
  readonly scores: SelectionDecision['scores'];
  /** How many endpoints were left out, by reason. */
  readonly excluded: Readonly<Record<string, number>>;
}

/** The state of a balancer, once every interval: event `tick`. */
export interface FeedTick {
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  readonly closed: boolean;
  /** Requests that ended, a second. */
  readonly requests: number;
  /** Of those, the ones that failed for their caller: refused by the balancer, answered with 429 or 5xx, broken off. */
  readonly failed: number;
  readonly tokens: number;
  readonly queued: number;
  readonly outstanding: number;
  readonly available: number;
  /** Over all endpoints. */
  readonly firstToken?: FeedQuantiles;
  readonly replicas: {
    /** Endpoints that take traffic, whatever their health. */
    readonly active: number;
    /** What an autoscaler would have. */
    readonly desired?: number;
  };
  readonly endpoints: readonly FeedEndpoint[];
  readonly events: readonly FeedEvent[];
  readonly decisions: readonly FeedDecision[];
}
