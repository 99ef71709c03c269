/**
 * Keeps the endpoints that serve the requested model. A request that names no model keeps them all.
 *
 * Endpoints serving [a, b], [b] and everything, model a: the first and the third stay.
 *
 * A balancer does this before it asks its policy; the filter is for a policy used on its own, in a simulation say.
 */
import type { Filter } from '../core/scoring.js';

/** Keeps the endpoints that serve the requested model. */
export function model(): Filter {
  return {
    name: 'model',
    keep(candidates, request) {
      const wanted = request.model;
      if (wanted === undefined) return candidates;
      return candidates.filter((endpoint) => endpoint.servedModel(wanted) !== undefined);
    },
  };
}
