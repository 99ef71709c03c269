/** What has come of a body and has not been passed on. */
export class HeldBytes {
  #chunks: Uint8Array[] = [];
  bytes = 0;

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.bytes += chunk.byteLength;
  }

  /** Hands the chunks over. */
  take(): Uint8Array[] {
    const chunks = this.#chunks;
    this.#chunks = [];
    this.bytes = 0;
    return chunks;
  }

  /** All bytes as one piece, without a copy where there is only one. They stay held. */
  join(): Uint8Array {
    const [only, ...others] = this.#chunks;
    if (only === undefined) return new Uint8Array(0);
    if (others.length === 0) return only;
    const joined = Buffer.concat(this.#chunks, this.bytes);
    this.#chunks = [joined];
    return joined;
  }
}
