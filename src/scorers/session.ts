/**
 * Prefers one endpoint for each session, the same in every process and after every restart.
 *
 * Endpoints are ranked for the key by rendezvous hashing, heavier ones first more often; the nth of the ranking is
 * rated 1 / n: 1, 0.5, 0.33. When the first is busy or gone, the session's second is next, for all of its requests.
 *
 * The key is the request's affinity key, else its `x-session-id` header, else the caller's address. A request without
 * any is rated nowhere. For stickiness alone there is `consistentHash`, which also bounds the load; `prefixAffinity`
 * looks at the prompt itself and needs no key.
 */
import { type EndpointView, effectiveWeight } from '../core/endpoint.js';
import type { InferenceRequest } from '../core/inference-request.js';
import { optionFields } from '../core/option-checks.js';
import { type HashPair, hashText, rendezvousScore } from '../core/rendezvous.js';
import type { Scorer } from '../core/scoring.js';
import { InvalidOptionError } from '../errors.js';

/** Options of `session`. */
export interface SessionOptions {
  /** What a session goes by. Default: as above. `undefined` from it: no session. */
  readonly key?: (request: InferenceRequest) => string | undefined;
}

/**
 * Prefers one endpoint for each session, the same in every process.
 *
 * @throws InvalidOptionError
 */
export function session(options?: SessionOptions): Scorer {
  const { key = keyOf } = optionFields('session', options, ['key']);
  if (typeof key !== 'function') throw new InvalidOptionError('session.key', 'must be a function', key);
  const hashes = new WeakMap<EndpointView, HashPair>();
  const hashOf = (endpoint: EndpointView) => {
    const known = hashes.get(endpoint) ?? hashText(endpoint.id);
    hashes.set(endpoint, known);
    return known;
  };
  return {
    name: 'session',
    score(candidates, request) {
      const text: unknown = key(request);
      if (typeof text !== 'string') return candidates.map(() => undefined);
      const hash = hashText(text);
      const draws = candidates.map((endpoint) =>
        rendezvousScore(hash, hashOf(endpoint), effectiveWeight(endpoint)),
      );
      return draws.map((draw) => 1 / (1 + draws.filter((other) => other > draw).length));
    },
  };
}

function keyOf({ affinityKey, headers, clientAddress }: InferenceRequest): string | undefined {
  return affinityKey ?? headers['x-session-id'] ?? clientAddress;
}
