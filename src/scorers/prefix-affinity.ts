/**
 * Prefers endpoints that have seen the beginning of this prompt, for they need not compute it again.
 *
 * Rating = matched blocks / blocks of the prompt, both without those that everybody's prompts begin with. Of 20 blocks
 * 2 are the system prompt of all; 11 are matched: (11 - 2) / (20 - 2) = 0.5.
 *
 * - What an endpoint holds is guessed from what was sent there by this balancer, the least recently used forgotten
 *   first: by the engine's own figure (`kvCacheTokens`), by how far back its cache turns out to reach, and at most
 *   4 000 000 tokens. First tokens of streams tell: a prompt that is thought to be cached and takes as long as a new
 *   one was forgotten.
 * - A beginning that more than 1 / n of the requests to n candidates have in common is soon cached everywhere, and
 *   would send them all to one endpoint: it does not count.
 * - Load guard: an endpoint with more than `guard` times the requests (by weight) of the least loaded one, and 4 more,
 *   is rated 0: a cache is worth some seconds of prefill, and no queue of minutes.
 *
 * Needs JSON bodies, whose prompts are hashed in blocks of 512 bytes. Not where prompts have nothing in common, or where
 * several balancers send turns of one conversation: then take `session`, which needs a key and no memory.
 */
import { type EndpointView, effectiveWeight } from '../core/endpoint.js';
import type { InferenceRequest } from '../core/inference-request.js';
import { numberOption, optionFields } from '../core/option-checks.js';
import { PrefillRate } from '../core/prefill-rate.js';
import { type Known, PrefixIndex } from '../core/prefix-index.js';
import type { Scorer } from '../core/scoring.js';
import { SharedPrefix } from '../core/shared-prefix.js';

/** Options of `prefixAffinity`. */
export interface PrefixAffinityOptions {
  /** Times the least load at which affinity ends; at least 1, `Infinity` for no guard. Default 2. */
  readonly guard?: number;
}

/** A scorer that also tells how much of a prompt an endpoint is thought to hold. */
export interface PrefixAffinity extends Scorer {
  /** Tokens of the prompt that the endpoint is thought to hold, for `pendingPrefill`. */
  cached(endpoint: EndpointView, request: InferenceRequest): number;
}

/** Requests more than the least loaded endpoint's that no guard minds. */
const UNGUARDED = 4;

/** A pick, as it was before the request was counted. */
interface Pick {
  readonly endpoint: EndpointView;
  readonly request: InferenceRequest;
  /** Tokens that are thought to be cached. */
  readonly cached: number;
  readonly known: Known | undefined;
  /** Prompt tokens before it. */
  readonly before: number;
}

/**
 * Prefers endpoints that have seen the beginning of this prompt.
 *
 * @throws InvalidOptionError
 */
export function prefixAffinity(options?: PrefixAffinityOptions): PrefixAffinity {
  const fields = optionFields('prefixAffinity', options, ['guard']);
  const guard = numberOption('prefixAffinity.guard', fields.guard, 2, { min: 1, infinite: true });
  const index = new PrefixIndex();
  const shared = new SharedPrefix();
  let candidatesSeen = 1;
  /** Of prompts that were new to the endpoint, more or less, and alone there. */
  const rates = new WeakMap<EndpointView, PrefillRate>();
  let pick: Pick | undefined;
  const cached = (endpoint: EndpointView, request: InferenceRequest): number => {
    const blocks = blocksOf(request);
    if (blocks.length === 0) return 0;
    return (index.matched(endpoint, blocks) / blocks.length) * request.promptTokens;
  };
  /** Its first token has come. */
  const learn = (sent: Pick, elapsed: number, now: number): void => {
    const { endpoint, request, cached, known, before } = sent;
    const rate = rates.get(endpoint) ?? new PrefillRate();
    rates.set(endpoint, rate);
    if (known === undefined) {
      if (before === 0) rate.add(request.promptTokens - cached, elapsed, now);
    } else if (rate.value !== undefined)
      index.learn(endpoint, known, { before, computed: elapsed * rate.value });
  };
  return {
    name: 'prefix-affinity',
    score(candidates, request) {
      candidatesSeen = candidates.length;
      const blocks = blocksOf(request);
      const common = shared.length(blocks, 1 / candidates.length);
      if (blocks.length === common) return candidates.map(() => undefined);
      const loads = candidates.map((endpoint) => (endpoint.outstanding + 1) / effectiveWeight(endpoint));
      const limit = Math.min(...loads) * guard;
      return candidates.map((endpoint, position) => {
        const spare = UNGUARDED / effectiveWeight(endpoint);
        if ((loads[position] ?? 0) - spare > limit) return 0;
        return Math.max(0, index.matched(endpoint, blocks) - common) / (blocks.length - common);
      });
    },
    picked(endpoint, request) {
      const blocks = blocksOf(request);
      if (blocks.length === 0) return;
      pick = {
        endpoint,
        request,
        cached: cached(endpoint, request),
        known: index.known(endpoint, blocks, request.promptTokens),
        before: endpoint.pendingPrompt,
      };
      shared.add(blocks, 1 / candidatesSeen);
      index.add(endpoint, blocks, request.promptTokens / blocks.length);
    },
    // What was sent there a moment ago is no longer a matter of guessing, but was not there when it was sent.
    cached: (endpoint, request) =>
      pick?.endpoint === endpoint && pick.request === request ? pick.cached : cached(endpoint, request),
    follow({ endpoint, request, now }) {
      const sent = pick;
      if (sent?.endpoint !== endpoint || sent.request !== request) return undefined;
      return {
        // Other answers say nothing before they are whole.
        answering: (at, streamed) => {
          if (streamed) learn(sent, at - now, at);
        },
        settled: () => {},
      };
    },
  };
}

function blocksOf(request: InferenceRequest): readonly number[] {
  return request.promptBlocks?.() ?? [];
}
