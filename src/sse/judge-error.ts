import type { Outcome } from '../core/outcome.js';
import type { StreamedError } from './stream-findings.js';

/** An error event is a fault of the endpoint, unless it says that it is overloaded. */
export function judgeStreamedError(error: StreamedError): Outcome {
  if (/overload|rate.?limit|too.?many|429|529/i.test(`${error.type} ${error.message}`)) {
    return { kind: 'overloaded', status: undefined, retryAfter: undefined };
  }
  return {
    kind: 'fault',
    reason: 'error-event',
    status: undefined,
    sent: true,
    error: new Error(error.message || error.type),
  };
}
