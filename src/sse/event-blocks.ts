const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const NOTHING = Buffer.alloc(0);

/** Cuts a stream's bytes after each server-sent event. Lines end with LF, CR LF or CR. */
export class EventBlocks {
  #rest: Buffer = NOTHING;
  /** Where the line begins that is being looked at, and how far it has been. */
  #line = 0;
  #at = 0;

  /** Bytes of an event that has not ended. */
  get rest(): Uint8Array {
    return this.#rest;
  }

  /** @returns every event that is whole now, its blank line included */
  push(chunk: Uint8Array): Uint8Array[] {
    const bytes =
      this.#rest.length === 0
        ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
        : Buffer.concat([this.#rest, chunk]);
    const blocks: Uint8Array[] = [];
    let begin = 0;
    for (; this.#at < bytes.length; this.#at++) {
      const byte = bytes[this.#at];
      if (byte !== LINE_FEED && byte !== CARRIAGE_RETURN) continue;
      const empty = this.#at === this.#line;
      if (byte === CARRIAGE_RETURN) {
        // A line feed that follows belongs to it; the next chunk tells.
        if (this.#at + 1 === bytes.length) break;
        if (bytes[this.#at + 1] === LINE_FEED) this.#at++;
      }
      this.#line = this.#at + 1;
      if (!empty) continue;
      blocks.push(bytes.subarray(begin, this.#line));
      begin = this.#line;
    }
    this.#rest = bytes.subarray(begin);
    this.#line -= begin;
    this.#at -= begin;
    return blocks;
  }
}
