import type { FaultReason } from '../core/outcome.js';
import type { Reading } from './choose-reading.js';

/** An answer bigger than this is passed on before it is complete. */
const HOLD_LIMIT = 64 * 1024;

/**
 * Whether what is held back of a body is enough to answer with: the first content of a stream, a whole collected
 * body (its end says so), the first bytes of any other. If it is bad, why.
 */
export function judgeHeld(
  reading: Reading | undefined,
  bytes: number,
): 'hold' | 'answer' | 'malformed' | 'truncated' {
  const full = bytes > HOLD_LIMIT;
  if (reading?.watch === undefined) return full || reading?.collect !== true ? 'answer' : 'hold';
  const { findings, problem } = reading.watch;
  // Also when content came in the same chunk: nothing has been passed on, and chunks are cut by chance.
  if (problem !== undefined) return problem;
  const { contentEvents, done, finished, blind } = findings;
  return contentEvents > 0 || done || finished || blind || full ? 'answer' : 'hold';
}

/** At the end of a body: what is wrong with it, or `undefined`. */
export function judgeEnd(
  reading: Reading | undefined,
  asked: { readonly streaming: boolean; readonly inference: boolean },
): Extract<FaultReason, 'truncated' | 'malformed'> | undefined {
  if (reading?.watch === undefined) return reading?.json?.problem;
  const { findings, problem } = reading.watch;
  if (findings.blind || findings.error !== undefined) return undefined;
  if (problem !== undefined) return problem;
  if (findings.done || findings.finished) return undefined;
  if (findings.cut) return 'truncated';
  const empty = findings.dataEvents === 0 && asked.streaming && asked.inference;
  return findings.recognised || empty ? 'truncated' : undefined;
}
