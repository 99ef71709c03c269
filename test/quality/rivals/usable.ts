import type { EndpointView } from 'evenkeel';

/** Weight with slow start. */
export function weightOf({ weight, slowStart = 1 }: EndpointView): number {
  return weight * slowStart;
}

/** Those that may get something. */
export function usable(candidates: readonly EndpointView[]): readonly EndpointView[] {
  return candidates.every((endpoint) => weightOf(endpoint) > 0)
    ? candidates
    : candidates.filter((endpoint) => weightOf(endpoint) > 0);
}
