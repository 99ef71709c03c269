import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as (options?: { readonly type: 'minor' }) => void;

/** Bytes in use once the garbage is gone: the heap, and buffers beside it. */
export function memoryInUse(): { readonly heap: number; readonly buffers: number } {
  // Twice: what finalizers let go of in the first round goes in the second.
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return { heap: heapUsed, buffers: external };
}

/** Bytes of heap in use after a collection of what is young alone. */
export function youngCollected(): number {
  // What survives the first is still young.
  collect({ type: 'minor' });
  collect({ type: 'minor' });
  return process.memoryUsage().heapUsed;
}
