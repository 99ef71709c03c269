import type { CancelSignal, UnreadBody } from '../../core/exchange.js';
import { bufferBody, type TOO_LARGE } from '../../transport/replayable-body.js';
import type { Cancellation } from '../engine/cancellation.js';

/**
 * Reads a request's body into memory, for as long as the request lives: a slow caller has no more time than any other.
 *
 * @returns `undefined` also when the request was stopped meanwhile
 * @throws what the source throws
 */
export async function takeBody(
  source: UnreadBody,
  limit: number,
  cancellation: Cancellation,
): Promise<Uint8Array | typeof TOO_LARGE | undefined> {
  if (source instanceof Promise) {
    return new Promise((resolve, reject) => {
      const stop = () => resolve(undefined);
      cancellation.onCancel = stop;
      source.then(resolve, reject);
    });
  }
  try {
    return await bufferBody(source, limit, new ReadingSignal(cancellation));
  } catch (error) {
    if (cancellation.cause === undefined) throw error;
    return undefined;
  }
}

/** Whatever stops the request, as a signal to who reads its body. */
class ReadingSignal implements CancelSignal {
  readonly #cancellation: Cancellation;

  constructor(cancellation: Cancellation) {
    this.#cancellation = cancellation;
  }

  get aborted(): boolean {
    return this.#cancellation.cause !== undefined;
  }

  get reason(): unknown {
    return this.#cancellation.cause;
  }

  throwIfAborted(): void {
    if (this.aborted) throw this.reason;
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#cancellation.onCancel = listener;
  }

  removeEventListener(): void {
    this.#cancellation.onCancel = undefined;
  }
}
