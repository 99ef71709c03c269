import { asBuffer } from '../../core/as-buffer.js';

/** What the balancer reads of a JSON request body, without parsing the prompt. */
export interface BodyFacts {
  readonly model: string | undefined;
  /** Where the model's value stands, quotes included: `[start, end)`. */
  readonly modelAt: readonly [number, number] | undefined;
  readonly stream: boolean | undefined;
  readonly maxTokens: number | undefined;
}

/** `max_completion_tokens` with every letter escaped takes 126 bytes. */
const LONGEST_ESCAPED_KEY = 130;
const NEAR = 16;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COLON = 0x3a;
const COMMA = 0x2c;

/**
 * Reads the top-level `model`, `stream` and `max_tokens` of a JSON object by walking over its bytes:
 * a prompt of a megabyte is neither copied nor decoded.
 *
 * @returns `undefined` when the bytes begin as an object and do not end as one; empty facts for other JSON
 */
export function scanJson(body: Uint8Array): BodyFacts | undefined {
  return new Scan(asBuffer(body)).object();
}

/**
 * Where the values of some top-level fields stand in a JSON object: `[start, end)`. Of a field that is there twice,
 * the last. Empty for what is no object, or none to its end.
 */
export function topLevelValues(
  body: Uint8Array,
  keys: readonly string[],
): ReadonlyMap<string, readonly [number, number]> {
  const values = new Map<string, readonly [number, number]>();
  const scan = new Scan(asBuffer(body));
  const whole = scan.fields((key, start, end) => {
    if (keys.includes(key)) values.set(key, [start, end]);
  });
  return whole ? values : new Map();
}

class Scan {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  object(): BodyFacts | undefined {
    let model: string | undefined;
    let modelAt: readonly [number, number] | undefined;
    let stream: boolean | undefined;
    let maxTokens: number | undefined;
    const whole = this.fields((key, start, end) => {
      if (key === 'model') {
        const value = this.#parse(start);
        if (typeof value === 'string') {
          model = value;
          modelAt = [start, end];
        }
      } else if (key === 'stream') {
        const value = this.#parse(start);
        if (typeof value === 'boolean') stream = value;
      } else if (key === 'max_tokens' || key === 'max_completion_tokens' || key === 'max_output_tokens') {
        const value = this.#parse(start);
        if (typeof value === 'number' && value > 0) maxTokens = value;
      }
    });
    return whole ? { model, modelAt, stream, maxTokens } : undefined;
  }

  /**
   * Walks over the fields of the object; other JSON has none.
   *
   * @returns false for what begins as an object and does not end as one
   */
  fields(found: (key: string, start: number, end: number) => void): boolean {
    this.#space();
    if (this.#bytes[this.#at] !== OPEN_BRACE) return true;
    this.#at++;
    this.#space();
    if (this.#bytes[this.#at] === CLOSE_BRACE) this.#at++;
    else {
      for (;;) {
        this.#space();
        const keyAt = this.#at;
        if (this.#bytes[keyAt] !== QUOTE || !this.#string()) return false;
        const key = this.#key(keyAt);
        this.#space();
        if (this.#bytes[this.#at++] !== COLON) return false;
        this.#space();
        const valueAt = this.#at;
        if (!this.#value()) return false;
        found(key, valueAt, this.#at);
        this.#space();
        const next = this.#bytes[this.#at++];
        if (next === CLOSE_BRACE) break;
        if (next !== COMMA) return false;
      }
    }
    this.#space();
    return this.#at === this.#bytes.length;
  }

  /** The key that begins at `start`, cut off where it is longer than any that matters. */
  #key(start: number): string {
    const end = this.#at - 1;
    const key = this.#bytes.toString('latin1', start + 1, Math.min(end, start + 24));
    // `"\u006dodel"` is `model` too, and what a server reads we must have read.
    return key.includes('\\') && end - start < LONGEST_ESCAPED_KEY ? String(this.#parse(start)) : key;
  }

  /** A short value, decoded by the real parser so that escapes are right. */
  #parse(start: number): unknown {
    try {
      return JSON.parse(this.#bytes.toString('utf8', start, this.#at));
    } catch {
      return undefined;
    }
  }

  #space(): void {
    const bytes = this.#bytes;
    let byte = bytes[this.#at];
    while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) byte = bytes[++this.#at];
  }

  /** Steps over a string; false when it does not end. */
  #string(): boolean {
    const bytes = this.#bytes;
    let end = this.#at;
    for (;;) {
      end = nextQuote(bytes, end + 1);
      if (end === -1) return false;
      let escapes = 0;
      while (bytes[end - 1 - escapes] === BACKSLASH) escapes++;
      // An even number of backslashes escapes itself, not the quote.
      if (escapes % 2 === 0) break;
    }
    this.#at = end + 1;
    return true;
  }

  /** Steps over a value; false when it does not end. */
  #value(): boolean {
    const bytes = this.#bytes;
    const first = bytes[this.#at];
    if (first === QUOTE) return this.#string();
    if (first !== OPEN_BRACE && first !== OPEN_BRACKET) return this.#literal();
    let depth = 0;
    while (this.#at < bytes.length) {
      const byte = bytes[this.#at];
      if (byte === QUOTE) {
        if (!this.#string()) return false;
        continue;
      }
      if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
      else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth--;
      this.#at++;
      if (depth === 0) return true;
    }
    return false;
  }

  #literal(): boolean {
    const start = this.#at;
    for (;;) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) return false;
      if (byte === COMMA || byte === CLOSE_BRACE || byte <= 0x20) return this.#at > start;
      this.#at++;
    }
  }
}

/** Most strings are short, and to call `indexOf` costs as much as to look at sixteen bytes. */
function nextQuote(bytes: Buffer, from: number): number {
  const far = Math.min(from + NEAR, bytes.length);
  for (let at = from; at < far; at++) if (bytes[at] === QUOTE) return at;
  return bytes.indexOf(QUOTE, far);
}
