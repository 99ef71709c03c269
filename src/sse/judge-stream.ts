import type { FaultReason, Outcome } from '../core/outcome.js';
import type { Reading } from './choose-reading.js';
import type { StreamedError } from './stream-findings.js';

/** An answer bigger than this is passed on before it is complete. */
const HOLD_LIMIT = 64 * 1024;

/**
 * Whether what is held back of a body is enough to answer with: the first content of a stream, a whole collected
 * body (its end says so), the first bytes of any other.
 */
export function judgeHeld(reading: Reading | undefined, bytes: number): 'hold' | 'answer' | 'malformed' {
  const full = bytes > HOLD_LIMIT;
  if (reading?.watch === undefined) return full || reading?.collect !== true ? 'answer' : 'hold';
  const { contentEvents, malformed, done, finished, blind } = reading.watch.findings;
  // Also when content came in the same chunk: nothing has been passed on, and chunks are cut by chance.
  if (malformed) return 'malformed';
  return contentEvents > 0 || done || finished || blind || full ? 'answer' : 'hold';
}

/**
 * At the end of a body: what is wrong with it, or `undefined`.
 * @param body what has not been passed on yet
 */
export function judgeEnd(
  reading: Reading | undefined,
  body: () => Uint8Array,
  asked: { readonly streaming: boolean; readonly inference: boolean },
): Extract<FaultReason, 'truncated' | 'malformed'> | undefined {
  if (reading?.watch === undefined) {
    return reading?.json === true && !looksLikeJson(body()) ? 'malformed' : undefined;
  }
  const { findings } = reading.watch;
  if (findings.blind || findings.error !== undefined || findings.done || findings.finished) return undefined;
  if (findings.malformed) return 'malformed';
  if (findings.cut) return 'truncated';
  const empty = findings.dataEvents === 0 && asked.streaming && asked.inference;
  return findings.recognised || empty ? 'truncated' : undefined;
}

/**
 * Which clock has run out.
 * @param streamed the answer is a stream
 * @param asked the caller asked for one
 */
export function expiredClock(
  phase: 'connecting' | 'waiting' | 'holding' | 'flowing' | 'over',
  streamed: boolean,
  asked: boolean,
): FaultReason {
  if (phase === 'connecting') return 'timeout-connect';
  if (phase === 'waiting') return asked ? 'timeout-first-token' : 'timeout-response';
  return phase === 'holding' && streamed ? 'timeout-first-token' : 'stall';
}

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

/** First and last character only: the whole answer is the caller's to parse. An empty body passes. */
function looksLikeJson(bytes: Uint8Array): boolean {
  let start = 0;
  let end = bytes.byteLength - 1;
  while (start <= end && isSpace(bytes[start])) start++;
  while (end >= start && isSpace(bytes[end])) end--;
  if (start > end) return true;
  const first = bytes[start];
  const last = bytes[end];
  if (first === 0x7b) return last === 0x7d && end > start;
  if (first === 0x5b) return last === 0x5d && end > start;
  if (first === 0x22) return last === 0x22 && end > start;
  return first !== 0x3c;
}

/** Nothing but blanks and line ends: some servers send them to keep a connection open until they can answer. */
export function isBlank(bytes: Uint8Array): boolean {
  return bytes.every(isSpace);
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
