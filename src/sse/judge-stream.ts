import type { FaultReason, Outcome } from '../core/outcome.js';
import type { Reading } from './choose-reading.js';
import type { HeldBytes } from './held-bytes.js';
import type { StreamedError } from './stream-findings.js';

/** At the end of a body: what is wrong with it, or `undefined`. */
export function judgeEnd(
  reading: Reading | undefined,
  held: HeldBytes,
  asked: { readonly streaming: boolean; readonly inference: boolean },
): Extract<FaultReason, 'truncated' | 'malformed'> | undefined {
  if (reading?.tap === undefined) {
    return reading?.json === true && !looksLikeJson(held.join()) ? 'malformed' : undefined;
  }
  const { findings } = reading.tap;
  if (findings.blind || findings.error !== undefined || findings.done || findings.finished) return undefined;
  if (findings.malformed) return 'malformed';
  const empty = findings.dataEvents === 0 && asked.streaming && asked.inference;
  return findings.recognised || empty ? 'truncated' : undefined;
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

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
