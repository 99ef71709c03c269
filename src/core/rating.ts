import type { EndpointView } from './endpoint.js';
import type { InferenceRequest } from './inference-request.js';
import type { SelectionContext } from './policy.js';
import type { EndpointScorer, Scorer } from './scoring.js';

/** What counts where a scorer fails: neither for nor against. */
export const NEUTRAL_RATING = 0.5;

/** What one scorer made of the candidates. */
export interface Rating {
  /** In [0, 1], same order as the candidates; `undefined` when the scorer does not know one of them. */
  readonly values: readonly number[] | undefined;
  /** The first thing that went wrong, if anything did. `endpoint` is absent when it concerns them all. */
  readonly failure: { readonly endpoint: string | undefined; readonly problem: string } | undefined;
}

/** Asks a scorer, and never throws: a scorer is often the user's own, and a pick must not fail with it. */
export function rate(
  scorer: Scorer | EndpointScorer,
  candidates: readonly EndpointView[],
  request: InferenceRequest,
  context?: SelectionContext,
): Rating {
  let failure: Rating['failure'];
  const ask = (endpoint: EndpointView, rateOne: EndpointScorer): unknown => {
    try {
      return rateOne(endpoint, request);
    } catch (error) {
      failure ??= { endpoint: endpoint.id, problem: messageOf(error) };
      return NEUTRAL_RATING;
    }
  };
  let answers: readonly unknown[];
  try {
    answers =
      typeof scorer === 'function'
        ? candidates.map((endpoint) => ask(endpoint, scorer))
        : ratingsIn(scorer.score(candidates, request, context), candidates.length);
  } catch (error) {
    return {
      values: candidates.map(() => NEUTRAL_RATING),
      failure: { endpoint: undefined, problem: messageOf(error) },
    };
  }
  const values: number[] = [];
  let known = true;
  for (let index = 0; index < candidates.length; index++) {
    // A hole is `undefined` like any other.
    const answer = answers[index];
    if (answer === undefined) known = false;
    else if (typeof answer === 'number' && Number.isFinite(answer)) {
      values.push(Math.min(Math.max(answer, 0), 1));
    } else {
      failure ??= { endpoint: candidates[index]?.id, problem: `gave ${inWords(answer)}` };
      values.push(NEUTRAL_RATING);
    }
  }
  return { values: known ? values : undefined, failure };
}

function ratingsIn(answer: unknown, expected: number): readonly unknown[] {
  if (!Array.isArray(answer)) throw new TypeError(`gave ${inWords(answer)} instead of a list`);
  if (answer.length !== expected)
    throw new TypeError(`gave ${answer.length} ratings for ${expected} endpoints`);
  return answer;
}

/** For a message: numbers as they are, anything else by its type, since it may hold anything. */
function inWords(value: unknown): string {
  return typeof value === 'number' ? String(value) : `a value of type ${typeof value}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
