import type { BalancerEvent } from '../core/events.js';
import type { InferenceRequest } from '../core/inference-request.js';
import type { HistogramName } from './histogram-definitions.js';
import { type Operation, operationOf } from './operation.js';

/** One value of a histogram. */
export interface Measurement {
  readonly name: HistogramName;
  readonly request: InferenceRequest;
  readonly milliseconds: number;
  /** What the request is for, where that is a label. */
  readonly operation: Operation | undefined;
}

/** What an event adds to a histogram. */
export function measurement(event: BalancerEvent): Measurement | undefined {
  switch (event.type) {
    case 'request-finished':
      return {
        name: 'request_duration_seconds',
        request: event.request,
        milliseconds: event.duration,
        operation: operationOf(event.request.path),
      };
    case 'first-token':
      return plain('time_to_first_token_seconds', event.request, event.elapsed);
    case 'request-dequeued':
      return plain('request_queue_wait_seconds', event.request, event.wait);
    case 'attempt-settled':
      return plain('time_per_output_token_seconds', event.request, event.tokenInterval);
    default:
      return undefined;
  }
}

function plain(
  name: HistogramName,
  request: InferenceRequest,
  milliseconds: number | undefined,
): Measurement | undefined {
  return milliseconds === undefined ? undefined : { name, request, milliseconds, operation: undefined };
}
