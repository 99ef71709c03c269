/**
 * Sends what belongs together to the same endpoint, so that its prefix cache is used: by session, user or address.
 *
 * Each endpoint draws a key with strength -weight / ln(u), where u in (0, 1) is hashed from key and endpoint id;
 * the strongest has the key (weighted rendezvous hashing). For u = 0.5 and weight 1 that is 1.44, for u = 0.8
 * 4.48, for u = 0.8 and weight 2 8.96. When an endpoint leaves, only its own keys move; when one joins, it takes
 * its share and no other key moves. Weights count with slow start, so a newcomer takes its keys over little by little.
 *
 * No endpoint gets more than ceil(boundedLoad x (total outstanding + 1) x its share of the weight), nor more than
 * its `maxOutstanding`: with 1.25, 15 outstanding in all and four equal endpoints, ceil(1.25 x 16 / 4) = 5. A key
 * whose endpoint is full goes to the next strongest with room, always the same for that key. When none has room
 * the least loaded takes it.
 *
 * Needs a key; requests without one go where `leastOutstanding` would send them. Not for requests that share
 * nothing: it balances worse than counting does.
 *
 * Bounded loads: Mirrokni, Thorup and Zadimoghaddam, 2018.
 */
import { type EndpointView, effectiveWeight } from '../core/endpoint.js';
import type { InferenceRequest } from '../core/inference-request.js';
import { numberOption, optionFields } from '../core/option-checks.js';
import type { SelectionPolicy } from '../core/policy.js';
import { type HashPair, hashText, rendezvousScore } from '../core/rendezvous.js';
import { InvalidOptionError } from '../errors.js';
import { leastOutstanding } from './least-outstanding.js';

/** Where the key comes from. No key, or an empty one: the request is not bound to an endpoint. */
export type ConsistentHashKey =
  | 'client-address'
  | { readonly header: string }
  | ((request: InferenceRequest) => string | undefined);

/** Options of `consistentHash`. */
export interface ConsistentHashOptions {
  /** Default: the request's affinity key, else its `x-session-id` header, else the caller's address. */
  readonly key?: ConsistentHashKey;
  /**
   * How far above the mean an endpoint may be loaded before its keys spill, a ratio >= 1 or `Infinity` for never.
   * Lower is more even, higher keeps more keys at home. Default 1.25.
   */
  readonly boundedLoad?: number;
}

/**
 * Consistent hashing with bounded load. `explain` gives each endpoint's draw on the request's key, higher is
 * better, and as terms how many requests it has and may have.
 *
 * @throws InvalidOptionError
 */
export function consistentHash(options?: ConsistentHashOptions): SelectionPolicy {
  const fields = optionFields('consistentHash', options, ['key', 'boundedLoad']);
  const boundedLoad = loadBound(fields.boundedLoad);
  const keyOf = keyReader(options?.key);
  const unbound = leastOutstanding();
  const ids = new WeakMap<EndpointView, HashPair>();

  const idHash = (endpoint: EndpointView): HashPair => {
    const known = ids.get(endpoint);
    if (known !== undefined) return known;
    const hash = hashText(endpoint.id);
    ids.set(endpoint, hash);
    return hash;
  };
  const drawOf = (key: HashPair, endpoint: EndpointView) =>
    rendezvousScore(key, idHash(endpoint), effectiveWeight(endpoint));
  const limits = (candidates: readonly EndpointView[]) => {
    let outstanding = 0;
    let weight = 0;
    for (const endpoint of candidates) {
      // Weight 0 drains: what it still has is no load for the others to match.
      if (endpoint.weight > 0) outstanding += endpoint.outstanding;
      weight += effectiveWeight(endpoint);
    }
    return (endpoint: EndpointView) => {
      const share = effectiveWeight(endpoint) / weight;
      const slots = share > 0 ? Math.ceil(boundedLoad * (outstanding + 1) * share) : 0;
      return Math.min(slots, endpoint.maxOutstanding);
    };
  };

  return {
    name: 'consistent-hash',
    select(candidates, request, context) {
      const text = keyOf(request);
      if (!text) return unbound.select(candidates, request, context);
      const key = hashText(text);
      const limitOf = limits(candidates);
      let strongest: EndpointView | undefined;
      let strength = 0;
      for (const endpoint of candidates) {
        const draw = drawOf(key, endpoint);
        if (draw > strength && endpoint.outstanding < limitOf(endpoint)) {
          strongest = endpoint;
          strength = draw;
        }
      }
      return strongest ?? unbound.select(candidates, request, context);
    },
    explain(candidates, request, context) {
      const text = keyOf(request);
      if (!text) return unbound.explain?.(candidates, request, context) ?? [];
      const key = hashText(text);
      const limitOf = limits(candidates);
      return candidates.map((endpoint) => ({
        endpoint: endpoint.id,
        score: drawOf(key, endpoint),
        terms: { outstanding: endpoint.outstanding, limit: limitOf(endpoint) },
      }));
    },
  };
}

function loadBound(value: unknown): number {
  if (value === Number.POSITIVE_INFINITY) return value;
  return numberOption('consistentHash.boundedLoad', value, 1.25, { min: 1 });
}

function keyReader(key: ConsistentHashKey | undefined): (request: InferenceRequest) => string | undefined {
  if (key === undefined)
    return ({ affinityKey, headers, clientAddress }) =>
      affinityKey || headers['x-session-id'] || clientAddress;
  if (key === 'client-address') return ({ clientAddress }) => clientAddress;
  if (typeof key === 'function') return key;
  if (typeof key === 'object' && key !== null && typeof key.header === 'string' && key.header !== '') {
    const name = key.header.toLowerCase();
    return ({ headers }) => headers[name];
  }
  throw new InvalidOptionError(
    'consistentHash.key',
    "must be 'client-address', { header: name } or a function of the request",
    key,
  );
}
