import type { IncomingMessage } from 'node:http';
import type { CancelSignal } from '../../core/exchange.js';

/** Bodies up to this are collected here, at a third of what an iterator costs; the balancer checks its own limit after. */
export const SMALL_BODY = 64 * 1024;

/**
 * Collects a body of a known, small length; never more than `length` bytes, for Node's parser stops there.
 *
 * @returns `undefined` when the signal aborted first
 */
export function readSmallBody(
  request: IncomingMessage,
  length: number,
  signal: CancelSignal,
): Promise<Uint8Array | undefined> {
  return new Promise((resolve) => {
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    const finish = (body: Uint8Array | undefined): void => {
      request.off('data', onData);
      signal.removeEventListener('abort', onAbort);
      resolve(body);
    };
    const onData = (chunk: Uint8Array): void => {
      chunks.push(chunk);
      bytes += chunk.byteLength;
      if (bytes === length) finish(chunks.length === 1 ? chunk : Buffer.concat(chunks, bytes));
    };
    const onAbort = (): void => finish(undefined);
    request.on('data', onData);
    signal.addEventListener('abort', onAbort);
  });
}
