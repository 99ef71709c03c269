import type { CancelSignal } from '../core/exchange.js';

/** The body was bigger than the limit. */
export const TOO_LARGE = Symbol('too large');

/**
 * Reads a body stream into memory once, so that an attempt can be repeated.
 * Stops reading, and tells the source so, when the limit is passed or the caller leaves.
 *
 * @throws the signal's reason; whatever the source throws
 */
export async function bufferBody(
  source: AsyncIterable<Uint8Array>,
  limit: number,
  signal: CancelSignal | undefined,
): Promise<Uint8Array | typeof TOO_LARGE> {
  signal?.throwIfAborted();
  const iterator = source[Symbol.asyncIterator]();
  let leave: (reason: unknown) => void = () => {};
  const left = new Promise<never>((_, reject) => {
    leave = reject;
  });
  const listener = () => leave(signal?.reason);
  signal?.addEventListener('abort', listener, { once: true });
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  let whole = false;
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), left]);
      if (next.done) break;
      bytes += next.value.byteLength;
      if (bytes > limit) return TOO_LARGE;
      chunks.push(next.value);
    }
    whole = true;
  } finally {
    signal?.removeEventListener('abort', listener);
    // Not awaited: a source that hangs must not hold the answer back.
    if (!whole) iterator.return?.().catch(() => {});
  }
  const [only] = chunks;
  return only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks, bytes);
}
