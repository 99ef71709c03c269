import type { BodySink } from '../core/exchange.js';

/** More is not held for a reader that has not come yet: a retry elsewhere may keep it waiting for long. */
const MOST_HELD = 1024 * 1024;
const NOTHING: Uint8Array[] = [];

/** Whoever a body comes from. */
export interface BodySource {
  /** `paused` has become true; told again for each chunk that comes nevertheless. */
  onPause(): void;
}

/** Hands a body on: holds what comes before anybody asks for it, then passes every byte untouched. */
export class BodyDelivery {
  readonly #source: BodySource;
  #held: Uint8Array[] = NOTHING;
  #sink: BodySink | undefined;
  /** The newest chunk, where the reader is always one behind. */
  #newest: Uint8Array | undefined;
  #end: 'open' | 'whole' | { readonly error: Error } = 'open';
  /** Bytes held. */
  bytes = 0;
  /** The reader cannot keep up, or has not come yet. */
  paused = false;
  /**
   * The last chunk is passed on with the end and not before, so that a body that turns out bad can still be broken
   * off: HTTP takes one for complete as soon as all of its `content-length` is there.
   */
  heldToEnd = false;

  constructor(source: BodySource) {
    this.#source = source;
  }

  /** The whole body, where it has all come and nobody has read of it. */
  get complete(): Uint8Array | undefined {
    if (this.#end !== 'whole' || this.#sink !== undefined) return undefined;
    return this.joined();
  }

  /** What is held as one piece, without a copy where there is only one. It stays held. */
  joined(): Uint8Array {
    const [only] = this.#held;
    if (only !== undefined && this.#held.length === 1) return only;
    const joined = Buffer.concat(this.#held, this.bytes);
    this.#held = [joined];
    return joined;
  }

  accept(chunk: Uint8Array): void {
    if (this.#sink === undefined) {
      // Most bodies come in one piece.
      if (this.#held.length === 0) this.#held = [chunk];
      else this.#held.push(chunk);
      this.bytes += chunk.byteLength;
      if (this.bytes > MOST_HELD) this.#pause();
      return;
    }
    const next = this.heldToEnd ? this.#newest : chunk;
    this.#newest = chunk;
    if (next !== undefined && !this.#sink.write(next)) this.#pause();
  }

  /** @returns whether the reader has room for more */
  pipe(sink: BodySink): boolean {
    this.#sink = sink;
    let open = true;
    if (this.heldToEnd && this.#end === 'open') this.#newest = this.#held.pop();
    for (const chunk of this.#held) open = sink.write(chunk);
    this.#held = NOTHING;
    this.bytes = 0;
    if (this.#end === 'whole') sink.end();
    else if (this.#end !== 'open') sink.fail(this.#end.error);
    else if (!open) this.#pause();
    return open;
  }

  /** @returns whether it had been paused */
  resume(): boolean {
    const paused = this.paused;
    this.paused = false;
    return paused;
  }

  /** The last byte has been accepted. */
  finish(): void {
    if (this.#end !== 'open') return;
    this.#end = 'whole';
    if (this.heldToEnd && this.#newest !== undefined) this.#sink?.write(this.#newest);
    this.#sink?.end();
  }

  /** The body broke off. A reader that comes later is told so after what is held. */
  fail(error: Error): void {
    if (this.#end !== 'open') return;
    this.#end = { error };
    this.#sink?.fail(error);
  }

  #pause(): void {
    this.paused = true;
    this.#source.onPause();
  }
}
