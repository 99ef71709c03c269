import type { EndpointView } from './endpoint.js';
import type { InferenceRequest } from './inference-request.js';
import type { AttemptFollower, SelectionContext, SentAttempt } from './policy.js';
import { type Rating, rate } from './rating.js';
import type { EndpointScorer, Scorer } from './scoring.js';

/** A scorer that takes this long, in ms, is slow: it stands in the way of every request of the process. */
const SLOW = 10;
/** Slow in so many picks in a row. Once is no proof: the process may have been stopped in the middle of it. */
const SLOW_PICKS = 3;
/** It then rests for this many times as long as it took, so that it costs a hundredth of the time at most. */
const REST_FACTOR = 100;

/** One scorer at work for a policy: a mistake in it is told once, and costs no pick. */
export class ScorerTerm {
  readonly name: string;
  readonly weight: number;
  readonly #scorer: Scorer | EndpointScorer;
  /** Its failure has been told. */
  #reported = false;
  #slowPicks = 0;
  #restsUntil = Number.NEGATIVE_INFINITY;

  constructor(name: string, weight: number, scorer: Scorer | EndpointScorer) {
    this.name = name;
    this.weight = weight;
    this.#scorer = scorer;
  }

  /** Its ratings as they are, for an explanation. */
  rate(
    candidates: readonly EndpointView[],
    request: InferenceRequest,
    context: SelectionContext,
  ): Rating['values'] {
    return rate(this.#scorer, candidates, request, context).values;
  }

  /** Its ratings for a pick. What goes wrong is reported once, and again only after the scorer has worked. */
  rateForPick(
    candidates: readonly EndpointView[],
    request: InferenceRequest,
    context: SelectionContext,
  ): Rating['values'] {
    const startedAt = context.now();
    if (startedAt < this.#restsUntil) return undefined;
    const { values, failure } = rate(this.#scorer, candidates, request, context);
    const took = context.now() - startedAt;
    this.#slowPicks = took >= SLOW ? this.#slowPicks + 1 : 0;
    if (failure !== undefined) this.#report(context, failure.endpoint, failure.problem);
    else if (this.#slowPicks >= SLOW_PICKS) {
      this.#restsUntil = startedAt + took + took * REST_FACTOR;
      const problem = `took ${Math.round(took)} ms, and is left out for ${REST_FACTOR} times as long`;
      this.#report(context, undefined, problem);
    } else if (this.#slowPicks === 0) this.#reported = false;
    return values;
  }

  /** The pick fell on this endpoint. */
  picked(endpoint: EndpointView, request: InferenceRequest, context: SelectionContext): void {
    const scorer = this.#scorer;
    if (typeof scorer === 'function' || scorer.picked === undefined) return;
    this.#guard(context, endpoint.id, () => scorer.picked?.(endpoint, request));
  }

  /** What was picked has been sent. */
  follow(attempt: SentAttempt, context: SelectionContext): AttemptFollower | undefined {
    const scorer = this.#scorer;
    if (typeof scorer === 'function' || scorer.follow === undefined) return undefined;
    const { id } = attempt.endpoint;
    const follower = this.#guard(context, id, () => scorer.follow?.(attempt));
    return (
      follower && {
        answering: (now, streamed) => this.#guard(context, id, () => follower.answering(now, streamed)),
        settled: (result) => this.#guard(context, id, () => follower.settled(result)),
      }
    );
  }

  /** Whether it wants to hear what becomes of attempts. */
  get follows(): boolean {
    return typeof this.#scorer !== 'function' && this.#scorer.follow !== undefined;
  }

  /** Tokens of the prompt that it thinks the endpoint holds. */
  cached(endpoint: EndpointView, request: InferenceRequest): number {
    return typeof this.#scorer === 'function' ? 0 : (this.#scorer.cached?.(endpoint, request) ?? 0);
  }

  #guard<T>(context: SelectionContext, endpoint: string, act: () => T): T | undefined {
    try {
      return act();
    } catch (error) {
      this.#report(context, endpoint, error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }

  #report(context: SelectionContext, endpoint: string | undefined, problem: string): void {
    if (!this.#reported) context.report({ type: 'scorer-failed', scorer: this.name, endpoint, problem });
    this.#reported = true;
  }
}
