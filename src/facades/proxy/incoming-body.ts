import type { IncomingMessage } from 'node:http';

/**
 * The body of a Node request as it comes. Unlike the stream's own iterator it does not destroy the connection
 * when reading stops early, so that the caller can still be answered, with 413 for one; what is left is discarded.
 */
export class IncomingBody implements AsyncIterable<Uint8Array>, AsyncIterator<Uint8Array, undefined> {
  readonly #request: IncomingMessage;
  #chunk: Uint8Array | undefined;
  #ended = false;
  #listening = false;
  #waiting: ((result: IteratorResult<Uint8Array, undefined>) => void) | undefined;

  constructor(request: IncomingMessage) {
    this.#request = request;
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    return this;
  }

  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    const value = this.#chunk;
    if (value !== undefined) {
      this.#chunk = undefined;
      if (!this.#ended) this.#request.resume();
      return Promise.resolve({ done: false, value });
    }
    if (this.#ended) return Promise.resolve(DONE);
    return new Promise((resolve) => {
      this.#waiting = resolve;
      if (!this.#listening) this.#listen();
    });
  }

  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#ended = true;
    this.#chunk = undefined;
    this.#unlisten();
    // Read on into nothing: bytes left unread would stand before the connection's next request.
    this.#request.resume();
    this.#waiting?.(DONE);
    return Promise.resolve(DONE);
  }

  #listen(): void {
    this.#listening = true;
    this.#request.on('data', this.#onData).on('end', this.#onEnd);
  }

  #unlisten(): void {
    this.#request.off('data', this.#onData).off('end', this.#onEnd);
  }

  readonly #onData = (chunk: Uint8Array): void => {
    const waiting = this.#waiting;
    if (waiting !== undefined) {
      this.#waiting = undefined;
      waiting({ done: false, value: chunk });
      return;
    }
    // One chunk may come between two calls of `next`, and a second before the pause takes hold.
    this.#chunk = this.#chunk === undefined ? chunk : Buffer.concat([this.#chunk, chunk]);
    this.#request.pause();
  };

  readonly #onEnd = (): void => {
    this.#ended = true;
    this.#unlisten();
    this.#waiting?.(DONE);
  };
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };
