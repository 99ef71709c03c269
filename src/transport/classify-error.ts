import type { FaultReason } from '../core/outcome.js';

/** What went wrong on the wire, from undici's and Node's error codes. */
export interface TransportFailure {
  readonly reason: Extract<FaultReason, 'connect' | 'reset' | 'timeout-connect' | 'protocol'>;
  /** True when the request itself was refused before any endpoint saw it: the caller's mistake. */
  readonly invalid: boolean;
}

const PROTOCOL = new Set([
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'UND_ERR_RES_EXCEEDED_MAX_SIZE',
  'UND_ERR_RESPONSE',
  'UND_ERR_HEADERS_OVERFLOW',
]);
const INVALID = new Set([
  'UND_ERR_INVALID_ARG',
  'UND_ERR_NOT_SUPPORTED',
  'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
]);

/**
 * @param sent whether the request had gone out on a connection
 */
export function classifyError(error: Error, sent: boolean): TransportFailure {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (INVALID.has(code)) return { reason: 'protocol', invalid: true };
  if (code === 'UND_ERR_CONNECT_TIMEOUT') return { reason: 'timeout-connect', invalid: false };
  if (!sent) return { reason: 'connect', invalid: false };
  // By its name: undici gives the parser's errors no code.
  if (PROTOCOL.has(code) || error.name === 'HTTPParserError') return { reason: 'protocol', invalid: false };
  return { reason: 'reset', invalid: false };
}
