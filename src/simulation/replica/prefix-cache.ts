/** A prompt block in the KV cache. */
interface Block {
  /** Running sequences that hold it. */
  holders: number;
}

/**
 * The KV cache of a replica, in tokens: blocks of prompts, found again by their ids, and what running sequences keep
 * for themselves. Blocks that nobody holds stay as long as there is room, the least recently used go first.
 */
export class PrefixCache {
  readonly #capacity: number;
  readonly #blockTokens: number;
  /** Held by running sequences. */
  readonly #held = new Map<number, Block>();
  /** Held by none; in order of their last use. */
  readonly #idle = new Map<number, Block>();
  /** Tokens that sequences keep for themselves: ends of prompts, and answers. */
  #own = 0;

  constructor(capacity: number, blockTokens: number) {
    this.#capacity = capacity;
    this.#blockTokens = blockTokens;
  }

  /** Share of the cache that running sequences need. */
  get usage(): number {
    return (this.#own + this.#held.size * this.#blockTokens) / this.#capacity;
  }

  /** Tokens of the longest prefix that is here. */
  match(blocks: readonly number[]): number {
    let count = 0;
    for (const id of blocks) {
      if (!this.#held.has(id) && !this.#idle.has(id)) break;
      count++;
    }
    return count * this.#blockTokens;
  }

  /** Takes room for a sequence's own tokens and holds those of its blocks that are here; false when there is none. */
  hold(blocks: readonly number[], matched: number, own: number): boolean {
    let awakened = 0;
    for (let index = 0; index < matched; index++) if (!this.#held.has(blocks[index] ?? -1)) awakened++;
    const needed = own + (awakened + blocks.length - matched) * this.#blockTokens;
    if (this.#own + this.#held.size * this.#blockTokens + needed > this.#capacity) return false;
    for (let index = 0; index < matched; index++) this.#take(blocks[index] ?? -1);
    // Blocks still to be computed count as the sequence's own until they are.
    this.#own += own + (blocks.length - matched) * this.#blockTokens;
    this.#evict();
    return true;
  }

  /** The blocks from `matched` on have been computed: others may use them. */
  computed(blocks: readonly number[], matched: number): void {
    this.#own -= (blocks.length - matched) * this.#blockTokens;
    for (let index = matched; index < blocks.length; index++) this.#take(blocks[index] ?? -1);
    this.#evict();
  }

  /** A sequence ends; `held` of its blocks had been taken. */
  release(blocks: readonly number[], held: number, own: number): void {
    this.#own -= own + (blocks.length - held) * this.#blockTokens;
    // From the end, so that the start of a prompt, which more prompts share, is evicted last.
    for (let index = held - 1; index >= 0; index--) {
      const id = blocks[index] ?? -1;
      const block = this.#held.get(id);
      if (block === undefined || --block.holders > 0) continue;
      this.#held.delete(id);
      this.#idle.set(id, block);
    }
  }

  #take(id: number): void {
    let block = this.#held.get(id);
    if (block === undefined) {
      block = this.#idle.get(id) ?? { holders: 0 };
      this.#idle.delete(id);
      this.#held.set(id, block);
    }
    block.holders++;
  }

  #evict(): void {
    const room = this.#capacity - this.#own - this.#held.size * this.#blockTokens;
    let excess = this.#idle.size - Math.max(0, Math.floor(room / this.#blockTokens));
    if (excess <= 0) return;
    for (const id of this.#idle.keys()) {
      if (excess-- <= 0) break;
      this.#idle.delete(id);
    }
  }
}
