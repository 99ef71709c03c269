import type { Random } from '../../core/clock.js';
import { InvalidOptionError } from '../../errors.js';

/** So many requests a second at so many ms from the beginning. */
export type RatePoint = readonly [at: number, rate: number];

/**
 * Times at which requests come: a Poisson process whose rate goes in straight lines from point to point, from the
 * first to the last; two points at one time make a step. A stretch of seconds at 2 a second and one at 4 have 2 : 4
 * requests on average. Made by thinning: what comes at the highest rate of all is kept with the chance of its time.
 */
export function* arrivals(points: readonly RatePoint[], random: Random): Generator<number> {
  const peak = Math.max(...points.map(([, rate]) => rate));
  const start = points[0]?.[0] ?? 0;
  const end = points.at(-1)?.[0] ?? 0;
  let index = 1;
  for (let at = start; ; ) {
    at += (-1000 * Math.log(1 - random())) / peak;
    if (at >= end) return;
    while (at >= (points[index]?.[0] ?? end)) index++;
    if (random() * peak < rateWithin(points[index - 1], points[index], at)) yield at;
  }
}

function rateWithin([from, low]: RatePoint = [0, 0], [to, high]: RatePoint = [0, 0], at: number): number {
  return low + ((high - low) * (at - from)) / (to - from);
}

/** @throws InvalidOptionError */
export function ratesOption({ rates, requests }: Record<string, unknown>): readonly RatePoint[] {
  if (requests !== undefined)
    throw new InvalidOptionError('requests', 'must be left out beside rates', requests);
  const points: readonly unknown[] = Array.isArray(rates) ? rates : [];
  const ordered = points.every(
    (point, index) => isPoint(point) && (index === 0 || point[0] >= (points[index - 1] as RatePoint)[0]),
  );
  const some = (points as readonly RatePoint[]).some((point) => point?.[1] > 0);
  if (points.length < 2 || !ordered || !some)
    throw new InvalidOptionError('rates', 'must list [ms, requests a second] in the order of time', rates);
  return points as readonly RatePoint[];
}

function isPoint(point: unknown): point is RatePoint {
  if (!Array.isArray(point) || point.length !== 2) return false;
  return point.every((value) => Number.isFinite(value) && value >= 0);
}
