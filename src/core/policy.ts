import type { Random } from './clock.js';
import type { EndpointView } from './endpoint.js';
import type { InferenceRequest } from './inference-request.js';
import type { Outcome } from './outcome.js';

/** Something a policy has to say; becomes an event of the balancer. */
export interface ScorerFailure {
  readonly type: 'scorer-failed';
  /** Its name. */
  readonly scorer: string;
  /** The candidate it was asked about, where it was about one. */
  readonly endpoint: string | undefined;
  /** What it threw, or what was wrong with its figures. */
  readonly problem: string;
}

/** What the balancer lends to a policy for one pick. */
export interface SelectionContext {
  /** From 0 to below 1. Policies draw from nothing else, so that a seed repeats them. */
  readonly random: Random;
  /** Milliseconds of the balancer's clock, from an arbitrary start. */
  now(): number;
  /** Tells observers of a mistake that was contained. */
  report(report: ScorerFailure): void;
}

/** Why a policy would choose as it does: one entry for each candidate, same order. */
export interface CandidateScore {
  /** Its id. */
  readonly endpoint: string;
  /** The policy's own figure for this candidate. */
  readonly score: number;
  /** The parts of the score by name, where there are several. */
  readonly terms?: Readonly<Record<string, number>>;
}

/** An attempt that is on its way, for a policy that learns from what comes of it. */
export interface SentAttempt {
  /** Where it went. */
  readonly endpoint: EndpointView;
  /** What was sent. */
  readonly request: InferenceRequest;
  /** When it was sent. */
  readonly now: number;
}

/** What came of an attempt when it had ended. */
export interface AttemptResult {
  /** What the attempt came to. */
  readonly outcome: Outcome;
  /** When it ended, in ms of the balancer's clock. */
  readonly now: number;
  /** Content events of a stream, about a token each; `undefined` where there was no stream. */
  readonly tokens: number | undefined;
  /** Mean milliseconds between them; `undefined` for fewer than two. */
  readonly tokenInterval: number | undefined;
}

/** Hears what becomes of one attempt. */
export interface AttemptFollower {
  /** The first content of a stream has come, or (`streamed` false) the headers of any other good answer. */
  answering(now: number, streamed: boolean): void;
  /** Called once, whatever happens, `answering` before it or not. */
  settled(result: AttemptResult): void;
}

/** How many candidates a policy wants to see of many. */
export interface SampleRule {
  /** Up to so many candidates it sees them all. */
  readonly above: number;
  /** Of more endpoints it sees so many candidates, drawn at random in proportion to weight x slow start. */
  readonly size: number;
}

/**
 * Chooses an endpoint. Synchronous and without effects but for the policy's own memory;
 * the balancer acquires the lease in the same tick, so two requests never see the same count.
 */
export interface SelectionPolicy {
  /** For logs, metrics and explanations. */
  readonly name: string;
  /** For a policy that looks at a few of many: the pick then costs the same for a thousand endpoints as for a hundred. */
  readonly sample?: SampleRule;
  /**
   * @param candidates at least one endpoint, all able to take the request now; do not keep or change the array
   * @param context absent when called outside a balancer; then the system's clock and randomness serve
   * @returns one of the candidates, or `undefined` to refuse them all
   */
  select(
    candidates: readonly EndpointView[],
    request: InferenceRequest,
    context?: SelectionContext,
  ): EndpointView | undefined;
  /**
   * Prompt tokens that the endpoint has to compute for this request, where the policy knows that its cache has the
   * rest. Asked right after `select` has chosen it. Default: all of them.
   */
  promptWork?(chosen: EndpointView, request: InferenceRequest): number;
  /** For a policy that learns: called in the tick in which an attempt is sent. It costs nothing where it is absent. */
  follow?(attempt: SentAttempt): AttemptFollower | undefined;
  /** Lower or higher is better as the policy documents; for people, not for code. */
  explain?(
    candidates: readonly EndpointView[],
    request: InferenceRequest,
    context?: SelectionContext,
  ): readonly CandidateScore[];
}
