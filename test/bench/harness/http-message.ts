const END_OF_HEAD = Buffer.from('\r\n\r\n');
const END_OF_CHUNKS = '0\r\n\r\n';

/** Finds the ends of HTTP messages that come one at a time over one connection. Looks at heads and ends alone. */
export class MessageReader {
  #head: Buffer | undefined;
  /** Bytes of the body still to come; `undefined` for a chunked one. */
  #missing: number | undefined = 0;
  #inBody = false;
  #tail = '';
  /** The first line of the last message whose head was whole. */
  startLine = '';

  /** @returns whether the message ends with this piece */
  push(piece: Buffer): boolean {
    if (this.#inBody) return this.#body(piece);
    const bytes = this.#head === undefined ? piece : Buffer.concat([this.#head, piece]);
    const end = bytes.indexOf(END_OF_HEAD);
    if (end === -1) {
      this.#head = bytes;
      return false;
    }
    this.#head = undefined;
    const head = bytes.toString('latin1', 0, end);
    this.startLine = head.slice(0, head.indexOf('\r\n'));
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    this.#missing = length === undefined ? undefined : Number(length);
    this.#inBody = true;
    return this.#body(bytes.subarray(end + END_OF_HEAD.length));
  }

  #body(piece: Buffer): boolean {
    if (this.#missing !== undefined) {
      this.#missing -= piece.byteLength;
      this.#inBody = this.#missing > 0;
    } else {
      const { length } = END_OF_CHUNKS;
      const last = piece.toString('latin1', Math.max(0, piece.byteLength - length));
      this.#tail = last.length === length ? last : (this.#tail + last).slice(-length);
      this.#inBody = this.#tail !== END_OF_CHUNKS;
      if (!this.#inBody) this.#tail = '';
    }
    return !this.#inBody;
  }
}

/** The body of a whole chunked message. */
export function dechunked(message: string): string {
  let at = message.indexOf('\r\n\r\n') + 4;
  let body = '';
  for (;;) {
    const line = message.indexOf('\r\n', at);
    const size = Number.parseInt(message.slice(at, line), 16);
    if (line === -1 || !(size > 0)) return body;
    body += message.slice(line + 2, line + 2 + size);
    at = line + 2 + size + 2;
  }
}
