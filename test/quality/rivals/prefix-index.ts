/** Which prompt blocks were sent where, as a router remembers them: the least recently used go first. */
export class PrefixIndex {
  readonly #limit: number;
  readonly #byEndpoint = new Map<string, Map<number, true>>();

  /** @param limit most blocks to remember for an endpoint */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Blocks of the longest prefix that went there. */
  match(id: string, blocks: readonly number[]): number {
    const known = this.#byEndpoint.get(id);
    if (known === undefined) return 0;
    let count = 0;
    while (count < blocks.length && known.has(blocks[count] ?? -1)) count++;
    return count;
  }

  add(id: string, blocks: readonly number[]): void {
    const known = this.#byEndpoint.get(id) ?? new Map<number, true>();
    this.#byEndpoint.set(id, known);
    for (let index = blocks.length - 1; index >= 0; index--) {
      const block = blocks[index] ?? -1;
      known.delete(block);
      known.set(block, true);
    }
    for (const block of known.keys()) {
      if (known.size <= this.#limit) break;
      known.delete(block);
    }
  }
}
