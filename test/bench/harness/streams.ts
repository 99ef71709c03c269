import { chunk, tokenEvent } from './payload.js';

export const EVENTS_AN_ANSWER = 500;
/** Time between two tokens of a stream, in ms. */
export const PACE = 20;

const MARK = 't=';
const DIGITS = 16;
const ZEROS = '0'.repeat(DIGITS);
const [BEFORE = '', AFTER = ''] = chunk(tokenEvent(MARK + ZEROS)).split(ZEROS);

/** µs by a clock that all processes share. */
function now(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e6 + Math.floor(nanoseconds / 1000);
}

/** An event whose token is the time of now, as a chunk of a body. */
export function stampedChunk(): string {
  return BEFORE + String(now()).padStart(DIGITS, '0') + AFTER;
}

/** Reads the times out of a stream that comes in pieces. */
export class StampReader {
  #rest = '';
  readonly #seen: (late: number) => void;

  /** @param seen hears how many µs ago each token was written */
  constructor(seen: (late: number) => void) {
    this.#seen = seen;
  }

  push(piece: Buffer): void {
    const text = this.#rest + piece.toString('latin1');
    const arrived = now();
    let read = 0;
    for (;;) {
      const at = text.indexOf(MARK, read);
      if (at === -1 || at + MARK.length + DIGITS > text.length) break;
      read = at + MARK.length + DIGITS;
      this.#seen(arrived - Number(text.slice(at + MARK.length, read)));
    }
    this.#rest = text.slice(Math.max(read, text.length - MARK.length - DIGITS + 1));
  }
}
