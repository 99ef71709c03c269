import type { EndpointView } from 'evenkeel';

/** The one of the least cost; among equals at random, or the first where no randomness is given. */
export function least(
  candidates: readonly EndpointView[],
  cost: (endpoint: EndpointView) => number,
  random?: () => number,
): EndpointView | undefined {
  let best: EndpointView | undefined;
  let lowest = Number.POSITIVE_INFINITY;
  let ties = 0;
  for (const endpoint of candidates) {
    const own = cost(endpoint);
    if (best === undefined || own < lowest) {
      best = endpoint;
      lowest = own;
      ties = 1;
    } else if (own === lowest && random !== undefined) {
      ties++;
      if (random() * ties < 1) best = endpoint;
    }
  }
  return best;
}

/** Two different ones, or the one and only twice; none of none. */
export function drawTwo(
  candidates: readonly EndpointView[],
  random: () => number,
): readonly [EndpointView, EndpointView] | undefined {
  const { length } = candidates;
  const first = Math.min(Math.floor(random() * length), length - 1);
  let second = Math.min(Math.floor(random() * (length - 1)), length - 2);
  if (second >= first) second++;
  const one = candidates[first];
  const other = candidates[second] ?? one;
  return one === undefined || other === undefined ? undefined : [one, other];
}
