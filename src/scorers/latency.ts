/**
 * Rates endpoints by how quickly they have answered of late.
 *
 * Rating = least latency / latency, by the balancer's moving averages. 200, 400 and 800 ms rate 1, 0.5 and 0.25.
 *
 * Needs an average of every candidate: while one is unknown, the scorer says so and counts for none.
 * Not alone: averages only move with traffic, so an endpoint that was slow once would never get another request.
 * Beside `outstanding` it will, when the others are busy. `peakEwma` is the policy for latency alone.
 */
import type { EndpointLatency } from '../core/endpoint.js';
import { optionFields } from '../core/option-checks.js';
import type { Scorer } from '../core/scoring.js';
import { InvalidOptionError } from '../errors.js';

/** Options of `latency`. */
export interface LatencyOptions {
  /** Which average. Default: `firstToken` for requests that stream, `response` for those that do not. */
  readonly measure?: keyof EndpointLatency;
}

const MEASURES: readonly unknown[] = [
  'firstToken',
  'response',
  'tokenInterval',
] satisfies (keyof EndpointLatency)[];

/** Below a microsecond everything is equally quick; and nothing is divided by 0. */
const LEAST_LATENCY = 0.001;

/**
 * Rates endpoints by how quickly they have answered of late.
 *
 * @throws InvalidOptionError
 */
export function latency(options?: LatencyOptions): Scorer {
  optionFields('latency', options, ['measure']);
  const measure = options?.measure;
  if (measure !== undefined && !MEASURES.includes(measure))
    throw new InvalidOptionError('latency.measure', `must be one of ${MEASURES.join(', ')}`, measure);
  return {
    name: 'latency',
    score(candidates, request) {
      const average = measure ?? (request.streaming ? 'firstToken' : 'response');
      const times = candidates.map((endpoint) => {
        const time = endpoint.latency[average];
        return time === undefined ? undefined : Math.max(time, LEAST_LATENCY);
      });
      const least = Math.min(...times.map((time) => time ?? Number.POSITIVE_INFINITY));
      return times.map((time) => (time === undefined ? undefined : least / time));
    },
  };
}
