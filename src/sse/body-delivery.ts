import type { BodySink } from '../core/exchange.js';

/** Hands a body on: holds what comes before anybody asks for it, then passes every byte untouched. */
export class BodyDelivery {
  readonly #onPause: () => void;
  #held: Uint8Array[] = [];
  #sink: BodySink | undefined;
  #end: 'open' | 'whole' | { readonly error: Error } = 'open';
  /** Bytes held. */
  bytes = 0;
  /** The reader has asked for a pause. */
  paused = false;

  /**
   * @param onPause the reader cannot keep up
   */
  constructor(onPause: () => void) {
    this.#onPause = onPause;
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
      this.#held.push(chunk);
      this.bytes += chunk.byteLength;
    } else if (!this.#sink.write(chunk)) this.#pause();
  }

  pipe(sink: BodySink): void {
    this.#sink = sink;
    let open = true;
    for (const chunk of this.#held) open = sink.write(chunk);
    this.#held = [];
    this.bytes = 0;
    if (this.#end === 'whole') sink.end();
    else if (this.#end !== 'open') sink.fail(this.#end.error);
    else if (!open) this.#pause();
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
    this.#onPause();
  }
}
