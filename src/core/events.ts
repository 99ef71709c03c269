import type { EndpointStateName } from './endpoint.js';
import type { InferenceRequest } from './inference-request.js';
import type { LoadReport } from './load-report.js';
import type { Outcome } from './outcome.js';
import type { ScorerFailure } from './policy.js';
import type { AttemptTimes, RequestRecord } from './request-record.js';

/** Tokens as the endpoint itself reported them. */
export interface TokenUsage {
  /** Tokens of the prompt, where told. */
  readonly prompt: number | undefined;
  /** Tokens of the answer, where told. */
  readonly completion: number | undefined;
}

/** Everything a balancer tells its observers. Times and durations are milliseconds. */
export type BalancerEvent =
  /** Its body has been read; the first event of a request, as `request-finished` is its last. */
  | { readonly type: 'request-started'; readonly request: InferenceRequest }
  | { readonly type: 'request-queued'; readonly request: InferenceRequest; readonly queued: number }
  | {
      readonly type: 'request-dequeued';
      readonly request: InferenceRequest;
      readonly wait: number;
      readonly queued: number;
    }
  | {
      readonly type: 'request-shed';
      readonly request: InferenceRequest;
      readonly reason: 'queue-full' | 'max-wait' | 'no-endpoint';
    }
  | {
      readonly type: 'attempt-started';
      readonly request: InferenceRequest;
      readonly endpoint: string;
      readonly attempt: number;
    }
  | {
      readonly type: 'first-token';
      readonly request: InferenceRequest;
      readonly endpoint: string;
      readonly elapsed: number;
    }
  | ({
      readonly type: 'attempt-settled';
      readonly request: InferenceRequest;
      readonly endpoint: string;
      readonly attempt: number;
      readonly outcome: Outcome;
      readonly duration: number;
      readonly committed: boolean;
      /** Content events seen; about one a token. */
      readonly contentEvents: number;
      /** Mean time between content events. */
      readonly tokenInterval: number | undefined;
      readonly usage: TokenUsage | undefined;
    } & AttemptTimes)
  | {
      readonly type: 'retry';
      readonly request: InferenceRequest;
      readonly reason: string;
      readonly delay: number;
    }
  | {
      readonly type: 'retry-denied';
      readonly request: InferenceRequest;
      readonly reason: 'budget' | 'attempts-exhausted' | 'no-endpoint';
    }
  /** A second attempt begins beside one that had no answer after `delay` ms. */
  | {
      readonly type: 'hedge';
      readonly request: InferenceRequest;
      readonly endpoint: string;
      readonly beside: string;
      readonly delay: number;
    }
  /** `won`: the second attempt answered first; `lost`: the first did; `failed`: neither; `denied`: a budget was empty. */
  | {
      readonly type: 'hedge-settled';
      readonly request: InferenceRequest;
      readonly result: 'won' | 'lost' | 'failed' | 'denied';
    }
  /** A stream broke off and goes on: the one sign of the seam. */
  | {
      readonly type: 'stream-resumed';
      readonly request: InferenceRequest;
      /** The endpoint that broke off. */
      readonly from: string;
      /** The one that goes on; `undefined` when only the end was missing, and the balancer wrote it. */
      readonly to: string | undefined;
      /** Tokens of the answer so far, as well as they are known. */
      readonly tokens: number;
    }
  | {
      readonly type: 'request-finished';
      readonly request: InferenceRequest;
      /** The status the caller saw; 499 when the caller left first. */
      readonly status: number;
      /** Of the whole request in ms: queue, retries and body. */
      readonly duration: number;
      readonly attempts: number;
      readonly outcome: Outcome['kind'] | 'shed';
    }
  /** Follows `request-finished`, for those alone who ask for records: how it came to that, from first to last. */
  | ({ readonly type: 'request-record' } & RequestRecord)
  | {
      readonly type: 'endpoint-state';
      readonly endpoint: string;
      readonly from: EndpointStateName;
      readonly to: EndpointStateName;
    }
  | { readonly type: 'endpoint-added'; readonly endpoint: string }
  | { readonly type: 'endpoint-removed'; readonly endpoint: string }
  /** Its list of models was asked for, and is another. */
  | {
      readonly type: 'endpoint-models';
      readonly endpoint: string;
      /** `undefined` when it has no such list; it gets requests for every model then. */
      readonly models: readonly string[] | undefined;
    }
  /** An endpoint on standby goes to work: the others are saturated or down, or somebody called for it. */
  | {
      readonly type: 'endpoint-activated';
      readonly endpoint: string;
      readonly reason: 'saturated' | 'down' | 'called';
    }
  /** It goes back to standby; requests that it still has run on. */
  | { readonly type: 'endpoint-rested'; readonly endpoint: string; readonly reason: 'calm' | 'called' }
  /** The hook could not bring an endpoint to work, or to rest. */
  | { readonly type: 'activation-failed'; readonly endpoint: string; readonly error: Error }
  /** A source told its list, and it was taken. */
  | {
      readonly type: 'discovery-updated';
      readonly source: string;
      /** How many there are now. */
      readonly endpoints: number;
    }
  /** A source could not read its list, or told one that was refused as a whole. The last good one stays. */
  | { readonly type: 'discovery-failed'; readonly source: string; readonly error: Error }
  | {
      readonly type: 'endpoint-probed';
      readonly endpoint: string;
      /** The answer was 2xx. */
      readonly healthy: boolean;
      /** `undefined` when there was no answer, or not the whole of it in time. */
      readonly status: number | undefined;
      readonly duration: number;
    }
  /** An engine's figures have been read, from its page or from an answer's headers. */
  | { readonly type: 'load-observed'; readonly endpoint: string; readonly load: LoadReport }
  /** They could not be read; told when it begins, and again only after they have been read in between. */
  | {
      readonly type: 'load-failed';
      readonly endpoint: string;
      readonly parser: string;
      readonly problem: string;
    }
  | { readonly type: 'endpoint-misconfigured'; readonly endpoint: string; readonly status: number }
  | { readonly type: 'ejection-overflow'; readonly endpoint: string }
  | { readonly type: 'caller-retries'; readonly count: number }
  /** A policy threw or chose a stranger; least outstanding served for that pick. */
  | { readonly type: 'policy-failed'; readonly policy: string; readonly problem: string }
  | ScorerFailure;

/** Hears every event. What it throws is logged and goes no further. */
export type BalancerObserver = (event: BalancerEvent) => void;

/**
 * Hears of the types it has a handler for; no other event is made for it. One for `request-record` costs more than all
 * else that is told. A plain object: keys that are no type of event are refused.
 */
export type BalancerHandlers = {
  readonly [Type in BalancerEvent['type']]?: (event: Extract<BalancerEvent, { readonly type: Type }>) => void;
};
