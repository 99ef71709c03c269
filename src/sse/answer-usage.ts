import { asBuffer } from '../core/as-buffer.js';
import type { TokenUsage } from '../core/events.js';
import { usageOf } from './read-event.js';

/** Where usage stands in every known API: near the end. A bigger tail is not worth its time. */
const TAIL = 4096;
const KEY = Buffer.from('"usage"');
/** How far back from a byte the key may begin next: its place in the key, or the key's length for one that is not in it. */
const SHIFTS = new Uint8Array(256).fill(KEY.length);
for (let at = KEY.length - 1; at > 0; at--) SHIFTS[KEY[at] as number] = at;
/** Names of counts: of the prompt's tokens, then of the completion's. */
const NAMES = ['prompt_tokens', 'input_tokens', 'completion_tokens', 'output_tokens'].map((name) =>
  Buffer.from(name),
);
const PROMPT_NAMES = 2;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const COLON = 0x3a;
const ZERO = 0x30;
const NINE = 0x39;

/**
 * The usage report of a JSON answer that does not stream. It is looked for from the end, and its bytes are walked
 * over: every answer has one, and to decode and parse it, details and all, takes ten times as long.
 */
export function answerUsage(body: Uint8Array): TokenUsage | undefined {
  const key = lastKey(body);
  const start = key === -1 ? -1 : valueAfter(body, key + KEY.length);
  return body[start] === OPEN_BRACE ? readReport(body, start) : ollamaUsage(body);
}

/** Where the last `"usage"` begins, or -1. Quotes inside a text have a backslash before them. */
function lastKey(body: Uint8Array): number {
  const lowest = Math.max(0, body.length - TAIL);
  for (let at = body.length - KEY.length; at >= lowest; at -= SHIFTS[body[at] as number] as number)
    if (body[at] === QUOTE && standsAt(body, at, KEY)) return at;
  return -1;
}

/** The object's own counts, not those of objects in it. @returns `undefined` when it breaks off before both */
function readReport(body: Uint8Array, start: number): TokenUsage | undefined {
  let prompt: number | undefined;
  let completion: number | undefined;
  let depth = 0;
  for (let at = start; at < body.length; at++) {
    const byte = body[at];
    if (byte === OPEN_BRACE) depth++;
    else if (byte === CLOSE_BRACE && --depth === 0) return { prompt, completion };
    else if (byte === QUOTE) {
      const name = at + 1;
      at = closingQuote(body, name);
      const known = depth > 1 ? -1 : nameAt(body, name, at);
      if (known === -1) continue;
      // A value that reads like one of the names is followed by none.
      const count = countAt(body, valueAfter(body, at + 1));
      if (known < PROMPT_NAMES) prompt = count ?? prompt;
      else completion = count ?? completion;
      // What follows in every known API is long, and says nothing more.
      if (prompt !== undefined && completion !== undefined) return { prompt, completion };
    }
  }
  return undefined;
}

function closingQuote(body: Uint8Array, from: number): number {
  let at = from;
  while (at < body.length && body[at] !== QUOTE) at += body[at] === BACKSLASH ? 2 : 1;
  return at;
}

/** Which of the names stands there, or -1. */
function nameAt(body: Uint8Array, start: number, end: number): number {
  for (let index = 0; index < NAMES.length; index++) {
    const name = NAMES[index] as Buffer;
    if (name.length === end - start && standsAt(body, start, name)) return index;
  }
  return -1;
}

function standsAt(body: Uint8Array, start: number, text: Buffer): boolean {
  for (let index = 0; index < text.length; index++) if (body[start + index] !== text[index]) return false;
  return true;
}

/** Where the value of a key begins that ends before `at`; -1 where no colon follows. */
function valueAfter(body: Uint8Array, at: number): number {
  const colon = afterSpace(body, at);
  return body[colon] === COLON ? afterSpace(body, colon + 1) : -1;
}

function afterSpace(body: Uint8Array, from: number): number {
  let at = from;
  // A space, a tab, the end of a line.
  while ((body[at] ?? QUOTE) <= 0x20) at++;
  return at;
}

/** A number of digits alone, as every API writes counts. */
function countAt(body: Uint8Array, start: number): number | undefined {
  let count = 0;
  let at = start;
  for (let byte = body[at] ?? 0; byte >= ZERO && byte <= NINE; byte = body[++at] ?? 0)
    count = count * 10 + byte - ZERO;
  return at > start ? count : undefined;
}

/** Ollama has its counts at the top level, without an object of their own. */
function ollamaUsage(body: Uint8Array): TokenUsage | undefined {
  const text = asBuffer(body).toString('latin1', Math.max(0, body.length - TAIL));
  const counts = text.match(/"(?:prompt_)?eval_count":\s*\d+/g);
  return counts === null ? undefined : usageOf(JSON.parse(`{${counts.join(',')}}`));
}
