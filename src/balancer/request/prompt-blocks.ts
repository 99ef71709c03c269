import { hashText } from '../../core/rendezvous.js';
import { topLevelValues } from './scan-json.js';

/** About 128 tokens: as small as pays, since a cached prefix shorter than that saves some milliseconds. */
const BLOCK_BYTES = 512;
/** 256 KiB of prompt, some 65 000 tokens, are enough to know one conversation from another. */
const MOST_BLOCKS = 512;
/** In the order in which chat templates write them. The last four are different APIs' names for the same. */
const PARTS = ['tools', 'system', 'instructions', 'messages', 'prompt', 'input', 'contents'];

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * The prompt of a JSON body as a chain of hashes, one for each whole block of 512 bytes. It begins with the model,
 * since caches are a model's own; sampling parameters and the order of the body's fields do not count, nor do blanks
 * between JSON's tokens. A conversation that goes on has the blocks of its last turn and some more.
 */
export function promptBlocks(body: Uint8Array, model: string | undefined): number[] {
  const chain = new BlockChain(hashText(model ?? ''));
  const values = topLevelValues(body, PARTS);
  for (const part of PARTS) {
    const value = values.get(part);
    if (value !== undefined && !chain.add(body, value[0], value[1])) break;
  }
  return chain.blocks;
}

class BlockChain {
  readonly blocks: number[] = [];
  #high: number;
  #low: number;
  #bytes = 0;

  constructor([high, low]: readonly [number, number]) {
    this.#high = high;
    this.#low = low;
  }

  /** @returns false once there are blocks enough */
  add(body: Uint8Array, start: number, end: number): boolean {
    let high = this.#high;
    let low = this.#low;
    let bytes = this.#bytes;
    let inString = false;
    let escaped = false;
    for (let at = start; at < end; at++) {
      const byte = body[at] as number;
      if (escaped) escaped = false;
      else if (inString) {
        if (byte === BACKSLASH) escaped = true;
        else if (byte === QUOTE) inString = false;
      } else if (byte <= 0x20) continue;
      else if (byte === QUOTE) inString = true;
      // Rotated, for a product alone lets high bits never reach low ones.
      high = Math.imul((high << 13) ^ (high >>> 19) ^ byte, 2654435761);
      low = Math.imul((low << 7) ^ (low >>> 25) ^ byte, 1597334677);
      if (++bytes < BLOCK_BYTES) continue;
      bytes = 0;
      // 53 bits: as many as a number holds exactly.
      this.blocks.push((high >>> 0) * 2 ** 21 + (low >>> 11));
      if (this.blocks.length === MOST_BLOCKS) return false;
    }
    this.#high = high;
    this.#low = low;
    this.#bytes = bytes;
    return true;
  }
}
