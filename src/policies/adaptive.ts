import { type EndpointView, effectiveWeight } from '../core/endpoint.js';
import type { InferenceRequest } from '../core/inference-request.js';
import { numberOption, optionFields } from '../core/option-checks.js';
import type { SelectionContext, SelectionPolicy } from '../core/policy.js';
import { leastIndex, randomIndex } from '../core/random-pick.js';
import { systemSelection } from '../system.js';
import { EndpointMemory, type Terms, type Work } from './adaptive/endpoint-memory.js';
import { Traffic } from './adaptive/traffic.js';

export interface AdaptiveOptions {
  /** Chance that a small prompt goes to an endpoint of which nothing is known, or nothing new. In [0, 1], default 0.1. */
  readonly explore?: number;
}

/** Prompt tokens a ms before anything is known. */
const FIRST_GUESS = 4;
/** Milliseconds after which what is known of an idle endpoint is looked at again. */
const STALE = 60_000;

export function adaptive(options?: AdaptiveOptions): SelectionPolicy {
  const fields = optionFields('adaptive', options, ['explore']);
  const explore = numberOption('adaptive.explore', fields.explore, 0.1, { min: 0, max: 1 });
  const traffic = new Traffic();
  // An answer that does not stream says nothing before it is whole, so its times mean something else.
  const streamed = new WeakMap<EndpointView, EndpointMemory>();
  const whole = new WeakMap<EndpointView, EndpointMemory>();

  const memoryOf = (endpoint: EndpointView, request: InferenceRequest): EndpointMemory => {
    const memories = request.streaming ? streamed : whole;
    const known = memories.get(endpoint);
    if (known !== undefined) return known;
    const memory = new EndpointMemory();
    memories.set(endpoint, memory);
    return memory;
  };
  const workOf = (request: InferenceRequest): Work => ({
    prompt: traffic.promptOf(request),
    output: traffic.outputOf(request),
  });

  /** A function that tells a candidate's terms. */
  const judge = (candidates: readonly EndpointView[], request: InferenceRequest, now: number) => {
    const work = workOf(request);
    // Unless all tell, none is asked: to compare a known figure with an unknown one would be no comparison.
    const told = candidates.every((endpoint) => othersOf(endpoint) !== undefined);
    let guess: number | undefined;
    return (endpoint: EndpointView): Terms => {
      const memory = memoryOf(endpoint, request);
      const others = told ? othersOf(endpoint) : undefined;
      const known = memory.rate.value;
      if (known !== undefined) return memory.terms(work, known, now, others);
      guess ??= usualRate(candidates.map((one) => [one.weight, memoryOf(one, request).rate.value]));
      const rate = guess * endpoint.weight;
      const terms = memory.terms(work, rate, now, undefined);
      const there = endpoint.outstanding + (others ?? 0);
      return { ...terms, backlog: terms.backlog + (there * traffic.meanPrompt) / rate };
    };
  };

  /** An idle endpoint of which nothing is known, or nothing new, when it is time to look at one. */
  const unexplored = (
    candidates: readonly EndpointView[],
    request: InferenceRequest,
    { now, random }: SelectionContext,
  ): EndpointView | undefined => {
    if (!traffic.isSmall(request.promptTokens)) return undefined;
    const since = now() - STALE;
    const idle = candidates.filter((endpoint) => {
      const memory = memoryOf(endpoint, request);
      return effectiveWeight(endpoint) > 0 && memory.requests === 0 && memory.rate.at < since;
    });
    if (idle.length === 0 || idle.length === candidates.length || random() >= explore) return undefined;
    return idle[randomIndex(idle.length, random)];
  };

  return {
    name: 'adaptive',
    select(candidates, request, context = systemSelection) {
      const chosen = unexplored(candidates, request, context);
      if (chosen !== undefined) return chosen;
      const terms = judge(candidates, request, context.now());
      const cost = (index: number) => {
        const endpoint = candidates[index];
        // Weight 0 must stay out.
        if (endpoint === undefined || !(effectiveWeight(endpoint) > 0)) return Number.NaN;
        return costOf(endpoint, terms(endpoint));
      };
      return candidates[leastIndex(candidates.length, cost, context.random)];
    },
    follow({ endpoint, request, now }) {
      // Whatever this is, it is no prompt.
      if (!(request.promptTokens > 0)) return undefined;
      traffic.sent(request.promptTokens);
      const follower = memoryOf(endpoint, request).follow(
        workOf(request),
        now,
        FIRST_GUESS,
        othersOf(endpoint),
      );
      return {
        // An answer of the other kind than was asked for comes at another time.
        answering: (at, streams) => {
          if (streams === request.streaming) follower.answering(at, streams);
        },
        settled: (result) => {
          if (result.tokens !== undefined && result.outcome.kind === 'success')
            traffic.answered(result.tokens);
          follower.settled(result);
        },
      };
    },
    explain(candidates, request, context = systemSelection) {
      const terms = judge(candidates, request, context.now());
      return candidates.map((endpoint) => {
        const own = terms(endpoint);
        return { endpoint: endpoint.id, score: costOf(endpoint, own), terms: { ...own } };
      });
    },
  };
}

/** While the first in line is late, that it waits for room is known: the longer of the two counts. */
function costOf(endpoint: EndpointView, { backlog, prompt, late, room, decode }: Terms): number {
  return (Math.max(backlog + late, room) + prompt + decode) / (endpoint.slowStart ?? 1);
}

/** Requests of other clients, as the endpoint told last; `undefined` when it does not tell. */
function othersOf({ load }: EndpointView): number | undefined {
  if (load === undefined || (load.running === undefined && load.waiting === undefined)) return undefined;
  return Math.max(0, (load.running ?? 0) + (load.waiting ?? 0) - load.ownOutstanding);
}

/** The median of the known rates, in tokens a ms for each unit of weight. */
function usualRate(endpoints: readonly (readonly [weight: number, rate: number | undefined])[]): number {
  const known = endpoints
    .flatMap(([weight, rate]) => (rate === undefined || !(weight > 0) ? [] : [rate / weight]))
    .sort((one, other) => one - other);
  return known[known.length >> 1] ?? FIRST_GUESS;
}
