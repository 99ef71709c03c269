import type { BalancerEvent } from '../core/events.js';
import type { InferenceRequest } from '../core/inference-request.js';
import type { HistogramName } from './histogram-definitions.js';
import { operationOf } from './operation.js';

/** One value of a histogram. */
export interface Measurement {
  readonly name: HistogramName;
  readonly request: InferenceRequest;
  readonly milliseconds: number;
  readonly labels: Readonly<Record<string, string>>;
}

const NO_LABELS = {};

/** What an event adds to a histogram. */
export function measurement(event: BalancerEvent): Measurement | undefined {
  switch (event.type) {
    case 'request-finished':
      return {
        name: 'request_duration_seconds',
        request: event.request,
        milliseconds: event.duration,
        labels: { operation: operationOf(event.request.path) },
      };
    case 'first-token':
      return unlabelled('time_to_first_token_seconds', event.request, event.elapsed);
    case 'request-dequeued':
      return unlabelled('request_queue_wait_seconds', event.request, event.wait);
    case 'attempt-settled':
      return unlabelled('time_per_output_token_seconds', event.request, event.tokenInterval);
    default:
      return undefined;
  }
}

function unlabelled(
  name: HistogramName,
  request: InferenceRequest,
  milliseconds: number | undefined,
): Measurement | undefined {
  return milliseconds === undefined ? undefined : { name, request, milliseconds, labels: NO_LABELS };
}
