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
  /** In ms. */
  readonly p50: number;
  /** In ms. */
  readonly p95: number;
}

/** How much an event asks for attention. */
export type FeedLevel = 'info' | 'warn' | 'error';

/** A line of the event log. */
export interface FeedEvent {
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  /** How much it matters to who watches. */
  readonly level: FeedLevel;
  /** Its id, where it is about one. */
  readonly endpoint?: string;
  /** One line. */
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
  /** Whether the balancer is. */
  readonly closed: boolean;
  /** Requests that ended, a second. */
  readonly requests: number;
  /** Of those, the ones that failed for their caller: refused by the balancer, answered with 429 or 5xx, broken off. */
  readonly failed: number;
  /** Of all endpoints, a second. */
  readonly tokens: number;
  /** Requests that wait for a place. */
  readonly queued: number;
  /** Requests sent and not settled yet. */
  readonly outstanding: number;
  /** How many endpoints would take a request now. */
  readonly available: number;
  /** Over all endpoints. */
  readonly firstToken?: FeedQuantiles;
  /** Active ones, and how many an autoscaler would have. */
  readonly replicas: {
    /** Endpoints that take traffic, whatever their health. */
    readonly active: number;
    /** What an autoscaler would have. */
    readonly desired?: number;
  };
  /** One for each, in the order of the snapshot. */
  readonly endpoints: readonly FeedEndpoint[];
  /** What happened since the last tick, each kind once. */
  readonly events: readonly FeedEvent[];
  /** A sample of those since the last tick. */
  readonly decisions: readonly FeedDecision[];
}
