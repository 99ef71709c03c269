import { asBuffer } from '../core/as-buffer.js';
import type { Outcome } from '../core/outcome.js';
import { judgeStreamedError } from './judge-error.js';
import { ABORTED, describeFailure, isFailure, isObject } from './read-event.js';

/** What closes a JSON value that opens so. */
const CLOSING: ReadonlyMap<number, number> = new Map([
  [0x7b, 0x7d],
  [0x5b, 0x5d],
  [0x22, 0x22],
]);
const LESS_THAN = 0x3c;
/** Every API has the error first in an error, and nowhere else. */
const BEGINS_AS_ERROR = /^\s*\{\s*"(?:error"\s*:|type"\s*:\s*"error")/;
const BEGINNING = 64;
/** What every answer that was given up holds, as bytes: sought in each answer, where text would be encoded each time. */
const ABORT_MARK = Buffer.from(`"${ABORTED}"`);
/** A text that says the same has its quotes escaped. */
const GIVEN_UP = [`"finish_reason":"${ABORTED}"`, `"finish_reason": "${ABORTED}"`];

/** Watches a JSON body. Its first and its last character must fit; the whole of it is the caller's to parse. */
export class JsonWatch {
  readonly #inference: boolean;
  #first: number | undefined;
  #last: number | undefined;
  #several = false;

  /** @param inference it is the answer of a model, so that there must be one */
  constructor(inference: boolean) {
    this.#inference = inference;
  }

  observe(chunk: Uint8Array): void {
    let end = chunk.byteLength - 1;
    while (end >= 0 && isSpace(chunk[end])) end--;
    if (end < 0) return;
    if (this.#first === undefined) {
      let start = 0;
      while (isSpace(chunk[start])) start++;
      this.#first = chunk[start];
      this.#several = end > start;
    } else this.#several = true;
    this.#last = chunk[end];
  }

  /** What is wrong if this was all. */
  get problem(): 'truncated' | 'malformed' | undefined {
    if (this.#first === undefined) return this.#inference ? 'truncated' : undefined;
    const closing = CLOSING.get(this.#first);
    const fits = closing === undefined ? this.#first !== LESS_THAN : this.#several && this.#last === closing;
    return fits ? undefined : 'malformed';
  }

  /**
   * Whether the whole answer of a model, of status 2xx, says that there is none: an error in its place, as gateways
   * send it, or a text that the engine gave up.
   */
  refusal(bytes: Uint8Array): Outcome | undefined {
    if (!this.#inference) return undefined;
    const body = asBuffer(bytes);
    if (BEGINS_AS_ERROR.test(body.toString('latin1', 0, BEGINNING))) {
      const event = parse(body);
      if (isObject(event) && isFailure(event)) return judgeStreamedError(describeFailure(event));
    }
    if (!body.includes(ABORT_MARK) || !GIVEN_UP.some((mark) => body.includes(mark))) return undefined;
    return { kind: 'fault', reason: 'truncated', status: undefined, sent: true, error: undefined };
  }
}

/** Nothing but blanks and line ends: some servers send them to keep a connection open until they can answer. */
export function isBlank(bytes: Uint8Array): boolean {
  return bytes.every(isSpace);
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}
