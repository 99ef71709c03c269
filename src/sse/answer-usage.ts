import type { TokenUsage } from '../core/events.js';
import { usageOf } from './read-event.js';

/** Where usage stands in every known API: near the end. A bigger tail is not worth its time. */
const TAIL = 4096;
const KEY = '"usage"';

/** The usage report of a JSON answer that does not stream, read from its tail without parsing the rest. */
export function answerUsage(body: Uint8Array): TokenUsage | undefined {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString(
    'utf8',
    Math.max(0, body.byteLength - TAIL),
  );
  const key = text.lastIndexOf(KEY);
  const start = key === -1 ? -1 : text.indexOf('{', key);
  if (start === -1) return ollamaUsage(text);
  // The object may hold others (details); it ends at the first brace that makes it whole.
  for (let end = text.indexOf('}', start); end !== -1; end = text.indexOf('}', end + 1)) {
    try {
      return usageOf(JSON.parse(text.slice(start, end + 1)));
    } catch {
      // Not whole yet.
    }
  }
  return undefined;
}

/** Ollama has its counts at the top level, without an object of their own. */
function ollamaUsage(text: string): TokenUsage | undefined {
  const counts = text.match(/"(?:prompt_)?eval_count":\s*\d+/g);
  return counts === null ? undefined : usageOf(JSON.parse(`{${counts.join(',')}}`));
}
