import type { FaultReason, Outcome } from '../core/outcome.js';
import type { Timeouts } from '../core/timeouts.js';
import { StreamError, type StreamErrorCode } from '../errors.js';

const CODES: Partial<Record<FaultReason, 'STREAM_STALLED' | 'STREAM_TRUNCATED' | 'STREAM_RESET'>> = {
  stall: 'STREAM_STALLED',
  'timeout-first-token': 'STREAM_STALLED',
  'timeout-response': 'STREAM_STALLED',
  truncated: 'STREAM_TRUNCATED',
  reset: 'STREAM_RESET',
};

/** What the reader of a body is told when it broke off. Never an AbortError: clients take that for a clean end. */
export function streamFailure(endpoint: string, outcome: Outcome, timeouts: Timeouts): StreamError {
  if (outcome.kind === 'neutral' && outcome.reason === 'abandoned') {
    const message = `The answer of endpoint ${endpoint} was not read for ${timeouts.unread} ms (timeouts.unread)`;
    return new StreamError('BODY_ABANDONED', message, endpoint);
  }
  const reason = outcome.kind === 'fault' ? outcome.reason : 'reset';
  const code: StreamErrorCode = CODES[reason] ?? 'STREAM_PROTOCOL';
  const cause = outcome.kind === 'fault' ? outcome.error : undefined;
  return new StreamError(
    code,
    `The answer of endpoint ${endpoint} broke off: ${what(reason, timeouts)}`,
    endpoint,
    {
      cause,
    },
  );
}

function what(reason: FaultReason, timeouts: Timeouts): string {
  switch (reason) {
    case 'stall':
      return `nothing came for ${timeouts.idle} ms (timeouts.idle)`;
    case 'timeout-first-token':
      return `no content came within ${timeouts.firstToken} ms (timeouts.firstToken)`;
    case 'timeout-response':
      return `nothing but blank lines came within ${timeouts.response} ms (timeouts.response)`;
    case 'truncated':
      return 'the stream ended without its terminator, or the engine gave it up';
    case 'malformed':
      return 'it is not what its content type says';
    case 'reset':
      return 'the connection was closed';
    default:
      return 'the endpoint broke the protocol';
  }
}
