import { type EndpointView, effectiveWeight } from './endpoint.js';
import type { LoadReport } from './load-report.js';

/**
 * In ms: the time in which others send about as many requests as they have there. Short is safe: in simulations with
 * 64 clients and readings 5 s old, 500 made the slowest first tokens a third later than no readings at all, on unequal
 * fleets; with 100 there was no difference.
 */
const TURNOVER = 100;

/**
 * Requests of other clients that an endpoint had when its load was read: running and waiting, less our own of then.
 * 10 running and 3 waiting, 4 of them ours, are 9. `undefined` when either is not known.
 */
export function othersLoad(load: LoadReport | undefined): number | undefined {
  if (load?.running === undefined || load.waiting === undefined) return undefined;
  return Math.max(0, load.running + load.waiting - load.ownOutstanding);
}

/**
 * Requests at each endpoint as well as they can be known: our own, which are exact, and those of other clients, as
 * last read. It counts for none when one of the candidates has no reading, since a known load and an unknown one do
 * not compare.
 *
 * Differences between the others' requests fade with the age of the reading, the faster the smaller they are: many
 * clients read the same figures, all of them fill what looks empty, and by the time that as many have come as were
 * missing there is no difference any more. Equal endpoints with 6 and 0 of others: 3 are missing of 6, so the
 * difference falls to 1/e in 3 / 6 of 0.1 s. Read that long ago, with own 2 and 1: 2 + 4.1 and 1 + 1.9.
 */
export function totalLoads(candidates: readonly EndpointView[], now: number | undefined): number[] {
  const loads = candidates.map(({ outstanding }) => outstanding);
  if (now === undefined) return loads;
  const others: number[] = [];
  let sum = 0;
  let weight = 0;
  for (const endpoint of candidates) {
    const load = othersLoad(endpoint.load);
    if (load === undefined) return loads;
    others.push(load);
    sum += load;
    weight += effectiveWeight(endpoint);
  }
  if (sum === 0 || weight === 0) return loads;
  const even = candidates.map((endpoint) => (sum * effectiveWeight(endpoint)) / weight);
  const missing = even.reduce((total, one, index) => total + Math.max(0, one - (others[index] ?? 0)), 0);
  return candidates.map(({ outstanding, load }, index) => {
    const share = even[index] ?? 0;
    const age = Math.max(0, now - (load?.observedAt ?? now));
    const trust = missing > 0 ? Math.exp((-age * sum) / (missing * TURNOVER)) : 0;
    return outstanding + share + trust * ((others[index] ?? 0) - share);
  });
}
