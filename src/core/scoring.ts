import type { Random } from './clock.js';
import type { EndpointView } from './endpoint.js';
import type { InferenceRequest } from './inference-request.js';
import type { AttemptFollower, SelectionContext, SentAttempt } from './policy.js';

/** Removes candidates. When it would remove all, `scored` says what happens. */
export interface Filter {
  /** For logs and explanations. */
  readonly name: string;
  /** @returns the candidates that stay */
  keep(
    candidates: readonly EndpointView[],
    request: InferenceRequest,
    context?: SelectionContext,
  ): readonly EndpointView[];
}

/** Rates the whole candidate set: numbers in [0, 1], 1 best, same order. `undefined` means unknown. */
export interface Scorer {
  /** For logs and explanations. */
  readonly name: string;
  /** @returns a rating of each candidate, in their order */
  score(
    candidates: readonly EndpointView[],
    request: InferenceRequest,
    context?: SelectionContext,
  ): readonly (number | undefined)[];
  /** Tokens of the prompt that the endpoint is thought to hold in its cache; asked also right after `picked`. */
  cached?(endpoint: EndpointView, request: InferenceRequest): number;
  /** The pick fell on this endpoint: for scorers that remember what went where. */
  picked?(endpoint: EndpointView, request: InferenceRequest): void;
  /** For scorers that learn: called in the tick in which what was picked is sent. */
  follow?(attempt: SentAttempt): AttemptFollower | undefined;
}

/** The shorthand: rates one endpoint, [0, 1], 1 best. */
export type EndpointScorer = (endpoint: EndpointView, request: InferenceRequest) => number | undefined;

/** Chooses from scored candidates. Returns an index. */
export interface Picker {
  /** For logs and explanations. */
  readonly name: string;
  /** @returns the index of the chosen one */
  pick(candidates: readonly EndpointView[], scores: readonly number[], random: Random): number;
}
