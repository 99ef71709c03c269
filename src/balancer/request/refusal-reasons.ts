import { type Outcome, outcomeReason } from '../../core/outcome.js';
import type { AdmissionOptions, AdmissionRefusal } from '../../state/admission.js';
import type { Placeless } from '../engine/engine.js';
import type { Refusal } from '../engine/refusal.js';

/** Asked again after this long, a full queue may have room, or an endpoint be ready. */
const QUEUE_RETRY_AFTER = 1_000;
/** Characters of a caller's model name that a message repeats. */
const LONGEST_NAME = 256;

export function bodyTooLarge(limit: number): Refusal {
  return {
    code: 'body_too_large',
    message: `The request body is larger than ${limit} bytes (option maxBodyBytes)`,
  };
}

/** There is no place for the request. */
export function placelessRefusal(
  reason: Placeless | AdmissionRefusal,
  model: string | undefined,
  admission: AdmissionOptions,
): Refusal {
  const kind = typeof reason === 'string' ? reason : reason.kind;
  switch (kind) {
    case 'full':
    case 'queue-full':
      return {
        code: 'queue_full',
        message: `Every endpoint is at maxOutstanding and ${admission.maxQueued} requests are waiting (admission.maxQueued)`,
        retryAfter: QUEUE_RETRY_AFTER,
      };
    case 'max-wait':
      return {
        code: 'queue_timeout',
        message: `No endpoint had room within ${admission.maxWait} ms (admission.maxWait)`,
        retryAfter: QUEUE_RETRY_AFTER,
      };
    case 'closed':
      return { code: 'balancer_closed', message: 'The balancer is closed' };
    case 'cooling-off':
      return {
        code: 'all_cooling_off',
        message: 'Every endpoint has answered that it is overloaded and is cooling off',
        retryAfter: typeof reason === 'string' || reason.kind !== 'cooling-off' ? undefined : reason.soonest,
      };
    case 'warming':
      return {
        code: 'not_ready',
        message: 'No endpoint is ready yet (healthPath)',
        retryAfter: QUEUE_RETRY_AFTER,
      };
    case 'undiscovered':
      return {
        code: 'not_ready',
        message: 'The endpoints are not known yet (endpoints)',
        retryAfter: QUEUE_RETRY_AFTER,
      };
    case 'open':
      return {
        code: 'no_endpoint',
        message: 'The breaker of every endpoint is open (breaker.failOpen is false)',
        retryAfter: typeof reason === 'string' || reason.kind !== 'open' ? undefined : reason.soonest,
      };
    case 'unknown-model':
      return {
        code: 'model_not_found',
        message: `No endpoint serves the model ${JSON.stringify(model?.slice(0, LONGEST_NAME))}`,
      };
    case 'none':
      return { code: 'no_endpoint', message: 'No endpoint may take this request' };
  }
}

/** The last attempt failed and has no answer to pass on. */
export function failureRefusal(outcome: Outcome, endpoint: string, denied: string | undefined): Refusal {
  const retryDenied = denied === 'not-retryable' ? undefined : denied;
  if (outcome.kind === 'rejected') {
    return {
      code: 'invalid_request',
      message: 'The request has a header, method or path that HTTP does not allow',
    };
  }
  const reason = outcomeReason(outcome);
  const code =
    reason.startsWith('timeout') || reason === 'stall'
      ? 'timeout'
      : reason === 'connect' || reason === 'reset' || reason === 'stale-connection'
        ? 'connection_failed'
        : 'stream_failed';
  return { code, message: `Endpoint ${endpoint} ${FAILURES[reason] ?? 'failed'}`, retryDenied };
}

const FAILURES: Readonly<Record<string, string>> = {
  connect: 'could not be reached',
  reset: 'closed the connection before it answered',
  'stale-connection': 'closed the connection before it answered',
  'timeout-connect': 'could not be reached in time (timeouts.connect)',
  'timeout-first-token': 'sent no content in time (timeouts.firstToken)',
  'timeout-response': 'did not answer in time (timeouts.response)',
  stall: 'stopped in the middle of its answer (timeouts.idle)',
  truncated: 'ended its stream before any content',
  malformed: 'sent something that is not an answer',
  protocol: 'broke the HTTP protocol',
  'error-event': 'answered with an error event',
};
