/**
 * Chooses by several criteria at once: filters remove candidates, scorers rate what is left, a picker decides.
 *
 * Score = sum of (weight x rating) / sum of weights, each rating in [0, 1], 1 best. With `outstanding` of weight 2
 * rating 0.5 and `latency` of weight 1 rating 0.8: (2 x 0.5 + 1 x 0.8) / 3 = 0.6.
 *
 * - A filter is a must: when none is left the request is refused. Wishes belong into scorers.
 * - A rating that is `undefined` for any candidate drops its term for all of them, for this pick: to compare a
 *   known figure with an unknown one would favour or punish whoever is new.
 * - A scorer that throws, or gives NaN, infinities or a list of the wrong length, rates 0.5 for the endpoints
 *   concerned; one that takes 10 ms or more, three times in a row, is left out for a hundred times as long. It is reported once, as
 *   `scorer-failed`, and again only after it has worked in between.
 *
 * Endpoint weights count through scorers that read them, as `outstanding` does. Weight 0 gets nothing.
 *
 * Needs whatever its scorers need; those it has by default count for none where they lack it. Not where one criterion will do: `leastOutstanding` is easier to reason about.
 */
import { type EndpointView, effectiveWeight } from '../core/endpoint.js';
import type { InferenceRequest } from '../core/inference-request.js';
import { numberOption, optionFields } from '../core/option-checks.js';
import type { SelectionContext, SelectionPolicy } from '../core/policy.js';
import { greatestIndex } from '../core/random-pick.js';
import { NEUTRAL_RATING, type Rating } from '../core/rating.js';
import { ScorerTerm } from '../core/scorer-term.js';
import type { EndpointScorer, Filter, Picker, Scorer } from '../core/scoring.js';
import { InvalidOptionError } from '../errors.js';
import { kvCache } from '../scorers/kv-cache.js';
import { outstanding } from '../scorers/outstanding.js';
import { pendingPrefill } from '../scorers/pending-prefill.js';
import { prefixAffinity } from '../scorers/prefix-affinity.js';
import { queueDepth } from '../scorers/queue-depth.js';
import { systemSelection } from '../system.js';

/** A scorer that counts for more or less than the others. */
export interface WeightedScorer {
  /** What is weighted. */
  readonly scorer: Scorer | EndpointScorer;
  /** Above 0; what counts is its share of the sum. */
  readonly weight: number;
}

/** Options of `scored`. */
export interface ScoredOptions {
  /** Applied in this order. Default: none. */
  readonly filters?: readonly Filter[];
  /** At least one. A scorer or function that stands alone has weight 1. Default: `defaultScorers()`. */
  readonly scorers?: readonly (Scorer | EndpointScorer | WeightedScorer)[];
  /** Default: the highest score, ties at random. */
  readonly picker?: Picker;
}

const highest: Picker = {
  name: 'highest',
  pick: (_candidates, scores, random) => greatestIndex(scores, random),
};

/** What `scored()` rates by when it is not told: fresh ones, with a memory of their own. */
export function defaultScorers(): WeightedScorer[] {
  const prefix = prefixAffinity();
  return [
    { scorer: pendingPrefill({ cached: prefix.cached }), weight: 3 },
    { scorer: prefix, weight: 3 },
    { scorer: outstanding(), weight: 2 },
    { scorer: queueDepth(), weight: 1 },
    { scorer: kvCache(), weight: 1 },
  ];
}

/**
 * Filters, scorers and a picker. `explain` gives the score in [0, 1], higher is better, and each scorer's rating;
 * candidates that a filter removed are missing.
 *
 * @throws InvalidOptionError
 */
export function scored(options: ScoredOptions = {}): SelectionPolicy {
  optionFields('scored', options, ['filters', 'scorers', 'picker']);
  const { filters = [], scorers = defaultScorers(), picker = highest } = options;
  const terms = termsOf(scorers);
  requireArray('scored.filters', filters);
  for (const [index, filter] of filters.entries())
    requireMethod(`scored.filters[${index}]`, 'a filter', filter?.keep, filter);
  requireMethod('scored.picker', 'a picker', picker?.pick, picker);

  const keep = (
    candidates: readonly EndpointView[],
    request: InferenceRequest,
    context: SelectionContext,
  ): readonly EndpointView[] => {
    let kept: readonly EndpointView[] = candidates.filter((endpoint) => effectiveWeight(endpoint) > 0);
    for (const filter of filters) kept = filter.keep(kept, request, context);
    return kept;
  };

  const learning = terms.filter(({ follows }) => follows);
  let contextOfPick: SelectionContext = systemSelection;

  return {
    name: 'scored',
    select(candidates, request, context = systemSelection) {
      contextOfPick = context;
      const kept = keep(candidates, request, context);
      if (kept.length === 0) return undefined;
      const ratings = terms.map((term) => term.rateForPick(kept, request, context));
      const chosen = kept[picker.pick(kept, scoresOf(terms, ratings, kept.length), context.random)];
      if (chosen !== undefined) for (const term of terms) term.picked(chosen, request, context);
      return chosen;
    },
    promptWork(chosen, request) {
      let cached = 0;
      for (const term of terms) cached = Math.max(cached, term.cached(chosen, request));
      return request.promptTokens - cached;
    },
    follow:
      learning.length === 0
        ? undefined
        : (attempt) => {
            const followers = learning.flatMap((term) => term.follow(attempt, contextOfPick) ?? []);
            return {
              answering: (now, streamed) => {
                for (const follower of followers) follower.answering(now, streamed);
              },
              settled: (result) => {
                for (const follower of followers) follower.settled(result);
              },
            };
          },
    explain(candidates, request, context = systemSelection) {
      const kept = keep(candidates, request, context);
      const ratings = terms.map((term) => term.rate(kept, request, context));
      const scores = scoresOf(terms, ratings, kept.length);
      return kept.map((endpoint, index) => {
        const known: Record<string, number> = {};
        for (const [position, { name }] of terms.entries()) {
          const value = ratings[position]?.[index];
          if (value !== undefined) known[name] = value;
        }
        return { endpoint: endpoint.id, score: scores[index] ?? NEUTRAL_RATING, terms: known };
      });
    },
  };
}

/** The weighted mean of what is known, for each candidate; neutral when nothing is. */
function scoresOf(
  terms: readonly ScorerTerm[],
  ratings: readonly Rating['values'][],
  candidates: number,
): number[] {
  const scores = new Array<number>(candidates).fill(0);
  let weights = 0;
  for (const [position, { weight }] of terms.entries()) {
    const values = ratings[position];
    if (values === undefined) continue;
    weights += weight;
    for (let index = 0; index < candidates; index++)
      scores[index] = (scores[index] ?? 0) + weight * (values[index] ?? NEUTRAL_RATING);
  }
  return weights > 0 ? scores.map((score) => score / weights) : scores.fill(NEUTRAL_RATING);
}

function termsOf(scorers: NonNullable<ScoredOptions['scorers']>): readonly ScorerTerm[] {
  requireArray('scored.scorers', scorers);
  if (scorers.length === 0)
    throw new InvalidOptionError('scored.scorers', 'must hold at least one scorer', scorers);
  const names = new Set<string>();
  return scorers.map((entry, index) => {
    const option = `scored.scorers[${index}]`;
    const weighted = typeof entry === 'object' && entry !== null && 'scorer' in entry;
    const scorer = weighted ? entry.scorer : entry;
    const weight = weighted ? numberOption(`${option}.weight`, entry.weight, 1, { above: 0 }) : 1;
    if (typeof scorer !== 'function') requireMethod(option, 'a scorer', scorer?.score, scorer);
    const given = scorer.name || 'scorer';
    // Names are the keys of an explanation.
    const name = names.has(given) ? `${given} ${index + 1}` : given;
    names.add(name);
    return new ScorerTerm(name, weight, scorer);
  });
}

function requireMethod(option: string, what: string, method: unknown, value: unknown): void {
  if (typeof method !== 'function') throw new InvalidOptionError(option, `must be ${what}`, value);
}

function requireArray(option: string, value: unknown): void {
  if (!Array.isArray(value)) throw new InvalidOptionError(option, 'must be an array', value);
}
