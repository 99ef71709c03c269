/**
 * Rates endpoints by how soon they would have read this request's prompt.
 *
 * Time = (prompt tokens sent whose first token has not come + this prompt) / prompt tokens a second. Rating =
 * (least time + 50 ms) / (time + 50 ms), since nobody sees less. 9 000 tokens before it at 10 000 a second and 1 000
 * at 1 000 a second, for a prompt of 1 000: 1 s and 2 s, which rate 1 and 0.51.
 *
 * Needs nothing told: the rate is learnt from first tokens of streams. Until it is known of every candidate the scorer
 * counts for none; short prompts (under 300 tokens) teach nothing. Prompts count as bytes / 4, or by `estimateTokens`.
 * Given what the endpoints' caches hold (`cached`), that part of the prompt costs nothing there.
 *
 * Not alone: it does not see the requests that decode, nor a wait for a slot. `outstanding` does.
 */
import type { EndpointView } from '../core/endpoint.js';
import type { InferenceRequest } from '../core/inference-request.js';
import { optionFields } from '../core/option-checks.js';
import type { Scorer } from '../core/scoring.js';
import { InvalidOptionError } from '../errors.js';

/** Options of `pendingPrefill`. */
export interface PendingPrefillOptions {
  /** Tokens of the request's prompt that the endpoint holds in its cache: `prefixAffinity().cached`. Default: none. */
  readonly cached?: (endpoint: EndpointView, request: InferenceRequest) => number;
}

/** Seconds that make no difference to anybody. */
const UNNOTICED = 0.05;

/**
 * Rates endpoints by how soon they would have read this request's prompt.
 *
 * @throws InvalidOptionError
 */
export function pendingPrefill(options?: PendingPrefillOptions): Scorer {
  optionFields('pendingPrefill', options, ['cached']);
  const cached = options?.cached ?? (() => 0);
  if (typeof cached !== 'function')
    throw new InvalidOptionError('pendingPrefill.cached', 'must be a function', cached);
  return {
    name: 'pending-prefill',
    score(candidates, request) {
      const times = candidates.map((endpoint) => {
        const { pendingPrompt, prefillRate } = endpoint;
        if (prefillRate === undefined) return undefined;
        const own = Math.max(0, request.promptTokens - cached(endpoint, request));
        return (pendingPrompt + own) / prefillRate + UNNOTICED;
      });
      const least = Math.min(...times.map((time) => time ?? Number.POSITIVE_INFINITY));
      return times.map((time) => (time === undefined ? undefined : least / time));
    },
  };
}
