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
 *   concerned. It is reported once, as `scorer-failed`, and again only after it has worked in between.
 *
 * Endpoint weights count through scorers that read them, as `outstanding` does. Weight 0 gets nothing.
 *
 * Needs whatever its scorers need. Not where one criterion will do: `leastOutstanding` is easier to reason about.
 */
import { type EndpointView, effectiveWeight } from '../core/endpoint.js';
import type { InferenceRequest } from '../core/inference-request.js';
import { numberOption, optionFields } from '../core/option-checks.js';
import type { SelectionContext, SelectionPolicy } from '../core/policy.js';
import { greatestIndex } from '../core/random-pick.js';
import { NEUTRAL_RATING, type Rating, rate } from '../core/rating.js';
import type { EndpointScorer, Filter, Picker, Scorer } from '../core/scoring.js';
import { InvalidOptionError } from '../errors.js';
import { systemSelection } from '../system.js';

/** A scorer that counts for more or less than the others. */
export interface WeightedScorer {
  readonly scorer: Scorer | EndpointScorer;
  /** Above 0; what counts is its share of the sum. */
  readonly weight: number;
}

export interface ScoredOptions {
  /** Applied in this order. Default: none. */
  readonly filters?: readonly Filter[];
  /** At least one. A scorer or function that stands alone has weight 1. */
  readonly scorers: readonly (Scorer | EndpointScorer | WeightedScorer)[];
  /** Default: the highest score, ties at random. */
  readonly picker?: Picker;
}

const highest: Picker = {
  name: 'highest',
  pick: (_candidates, scores, random) => greatestIndex(scores, random),
};

/** One scorer at work: its weight, its name and whether its last failure has been told. */
interface Term {
  readonly name: string;
  readonly weight: number;
  readonly scorer: Scorer | EndpointScorer;
  reported: boolean;
}

/**
 * Filters, scorers and a picker. `explain` gives the score in [0, 1], higher is better, and each scorer's rating;
 * candidates that a filter removed are missing.
 *
 * @throws InvalidOptionError
 */
export function scored(options: ScoredOptions): SelectionPolicy {
  optionFields('scored', options, ['filters', 'scorers', 'picker']);
  // Callers without types may leave out the options, or parts of them.
  const terms = termsOf(options?.scorers);
  const { filters = [], picker = highest } = options;
  requireArray('scored.filters', filters);
  for (const [index, filter] of filters.entries())
    requireMethod(`scored.filters[${index}]`, 'a filter', filter?.keep, filter);
  requireMethod('scored.picker', 'a picker', picker?.pick, picker);

  const judge = (candidates: readonly EndpointView[], request: InferenceRequest) => {
    let kept: readonly EndpointView[] = candidates.filter((endpoint) => effectiveWeight(endpoint) > 0);
    for (const filter of filters) kept = filter.keep(kept, request);
    const ratings = terms.map(({ scorer }) => rate(scorer, kept, request));
    return { kept, ratings, scores: kept.map((_, index) => total(terms, ratings, index)) };
  };

  return {
    name: 'scored',
    select(candidates, request, context = systemSelection) {
      const { kept, ratings, scores } = judge(candidates, request);
      if (kept.length === 0) return undefined;
      for (const [position, term] of terms.entries()) report(term, ratings[position], context);
      return kept[picker.pick(kept, scores, context.random)];
    },
    explain(candidates, request) {
      const { kept, ratings, scores } = judge(candidates, request);
      return kept.map((endpoint, index) => {
        const known: Record<string, number> = {};
        for (const [position, { name }] of terms.entries()) {
          const value = ratings[position]?.values?.[index];
          if (value !== undefined) known[name] = value;
        }
        return { endpoint: endpoint.id, score: scores[index] ?? NEUTRAL_RATING, terms: known };
      });
    },
  };
}

/** Tells of a failure once, until the scorer has worked again. */
function report(term: Term, rating: Rating | undefined, context: SelectionContext): void {
  const failure = rating?.failure;
  if (failure !== undefined && !term.reported)
    context.report({ type: 'scorer-failed', scorer: term.name, ...failure });
  term.reported = failure !== undefined;
}

/** The weighted mean of what is known; neutral when nothing is. */
function total(terms: readonly Term[], ratings: readonly Rating[], index: number): number {
  let sum = 0;
  let weights = 0;
  for (const [position, { weight }] of terms.entries()) {
    const value = ratings[position]?.values?.[index];
    if (value === undefined) continue;
    sum += weight * value;
    weights += weight;
  }
  return weights > 0 ? sum / weights : NEUTRAL_RATING;
}

function termsOf(scorers: ScoredOptions['scorers']): readonly Term[] {
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
    return { name, weight, scorer, reported: false };
  });
}

function requireMethod(option: string, what: string, method: unknown, value: unknown): void {
  if (typeof method !== 'function') throw new InvalidOptionError(option, `must be ${what}`, value);
}

function requireArray(option: string, value: unknown): void {
  if (!Array.isArray(value)) throw new InvalidOptionError(option, 'must be an array', value);
}
