/**
 * Chooses the endpoint where this request's first token is expected soonest, by what it has learnt of each: no weights
 * needed. Least expected time wins, in ms; ties are random:
 *
 *     max(backlog + late, room) + prompt + decode,   over slow start
 *
 * - backlog: prompt tokens of ours that are there and not answered yet / prefill rate. The first in line is under way.
 * - prompt: (this prompt's tokens + 64) / prefill rate; less what its prefix cache is likely to have, by what was sent
 *   there before, and how far back the cache turned out to reach.
 * - late: how much later first tokens have come lately than prompts and rate explain, or the first in line is by now.
 *   Other clients' requests show here; where all endpoints tell their load, in proportion to what these have now.
 * - room: where first tokens come late above some number of requests, or of tokens: until enough streams have ended.
 * - decode: a hundredth of the time that streams last there after their first token, up to twice that the more of ours
 *   are there. Breaks near ties.
 *
 * A prompt of 2 000 tokens; an A100 that works off 7.4 tokens a ms with 8 000 before it, and an idle T4 of 0.8:
 * 8 000 / 7.4 + 2 064 / 7.4 = 1 360 ms against 2 064 / 0.8 = 2 580 ms, so the A100. A prompt of 200 tokens: 1 117 ms
 * against 330 ms, so the T4.
 *
 * - Prefill rate: a high quantile of (tokens before a first token, its own prompt included) / (time to it), over the
 *   last 32, which count less by e each minute. A card that is throttled is found out within some requests.
 * - Unknown: an endpoint counts for somewhat slower than the known are on average, by weight, the slower the more of
 *   ours are there, with all of them before it. A tenth of the smaller prompts (`explore`) goes to one of which nothing
 *   is known, or nothing new for a minute.
 * - Answers that do not stream are learnt apart from streams: their time is that to the whole answer.
 *
 * Needs prompt lengths (`estimateTokens`, or the body's bytes) and some tens of requests for each endpoint. Not for
 * endpoints whose time to first token has little to do with the prompt, as with hosted APIs, where `peakEwma` or
 * `leastOutstanding` say as much with less.
 */
import { type EndpointView, effectiveWeight } from '../core/endpoint.js';
import type { InferenceRequest } from '../core/inference-request.js';
import { booleanOption, numberOption, optionFields } from '../core/option-checks.js';
import type { SelectionContext, SelectionPolicy } from '../core/policy.js';
import { PrefixIndex } from '../core/prefix-index.js';
import { leastIndex, randomIndex } from '../core/random-pick.js';
import { systemSelection } from '../system.js';
import { EndpointMemory, type Terms, type Work } from './adaptive/endpoint-memory.js';
import { FIRST_GUESS, type Prior, priorOf } from './adaptive/prior.js';
import { Traffic } from './adaptive/traffic.js';

/** Options of `adaptive`. */
export interface AdaptiveOptions {
  /** Chance that a small prompt goes to an endpoint of which nothing is known, or nothing new. In [0, 1], default 0.1. */
  readonly explore?: number;
  /** Whether to keep in mind which prompts' beginnings an endpoint has seen. Costs a nanosecond or two for a byte of prompt. Default true. */
  readonly prefixes?: boolean;
}

const NONE: readonly number[] = [];
/** Milliseconds after which what is known of an idle endpoint is looked at again. */
const STALE = 60_000;

/**
 * Least expected time to the first token, learnt. `explain` gives it in ms with its terms; lower is better.
 *
 * @throws InvalidOptionError
 */
export function adaptive(options?: AdaptiveOptions): SelectionPolicy {
  const fields = optionFields('adaptive', options, ['explore', 'prefixes']);
  const explore = numberOption('adaptive.explore', fields.explore, 0.1, { min: 0, max: 1 });
  const watchPrefixes = booleanOption('adaptive.prefixes', fields.prefixes, true);
  const traffic = new Traffic();
  const prefixes = new PrefixIndex();
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
  const blocksOf = (request: InferenceRequest) =>
    (watchPrefixes ? request.promptBlocks?.() : undefined) ?? NONE;
  const workOf = (endpoint: EndpointView, request: InferenceRequest): Work => {
    const blocks = blocksOf(request);
    const prompt = traffic.promptOf(request);
    const share = blocks.length === 0 ? 0 : prefixes.matched(endpoint, blocks) / blocks.length;
    return { prompt, cached: share * prompt, output: traffic.outputOf(request) };
  };

  /** A function that tells a candidate's terms. */
  const judge = (candidates: readonly EndpointView[], request: InferenceRequest, now: number) => {
    // Unless all tell, none is asked: to compare a known figure with an unknown one would be no comparison.
    const told = candidates.every((endpoint) => othersOf(endpoint) !== undefined);
    let prior: Prior | undefined;
    return (endpoint: EndpointView): Terms => {
      const memory = memoryOf(endpoint, request);
      const work = workOf(endpoint, request);
      const others = told ? othersOf(endpoint) : undefined;
      const known = memory.rate.value;
      if (known !== undefined) return memory.terms(work, known, now, others);
      prior ??= priorOf(candidates.map((one) => [one.weight, memoryOf(one, request)]));
      const rate = prior.rateOf(endpoint);
      const terms = memory.terms(work, rate, now, undefined);
      const waiting = told ? (endpoint.load?.waiting ?? 0) : 0;
      const before = (endpoint.outstanding + waiting) * traffic.meanPrompt;
      return { ...terms, backlog: terms.backlog + before / rate, decode: prior.decode };
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
      const blocks = blocksOf(request);
      const known = prefixes.known(endpoint, blocks, request.promptTokens);
      const follower = memoryOf(endpoint, request).follow(workOf(endpoint, request), {
        at: now,
        guess: FIRST_GUESS,
        others: othersOf(endpoint),
        worked: (work) => {
          if (known !== undefined) prefixes.learn(endpoint, known, work);
        },
      });
      if (blocks.length > 0) prefixes.add(endpoint, blocks, request.promptTokens / blocks.length);
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
    promptWork(endpoint, request) {
      const { prompt, cached } = workOf(endpoint, request);
      return prompt - cached;
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
