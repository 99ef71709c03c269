/** Requests after which counts are halved, so that what was common once is forgotten. */
const HALVE_AFTER = 2_000;
/** Requests that make no prefix common, however few there have been. */
const AT_LEAST = 8;

/**
 * How much of a prompt is common to so many requests that it says nothing of where to send them: the system prompt
 * that everybody has. Keeps counts of the first blocks alone, of each prompt up to the first that is not common.
 */
export class SharedPrefix {
  readonly #counts = new Map<number, number>();
  #requests = 0;

  /** @returns blocks at the beginning of the prompt that more than `share` of the requests have */
  length(blocks: readonly number[], share: number): number {
    const least = share * this.#requests + AT_LEAST;
    let index = 0;
    while (index < blocks.length && (this.#counts.get(blocks[index] as number) ?? 0) > least) index++;
    return index;
  }

  /** A request with this prompt was sent. */
  add(blocks: readonly number[], share: number): void {
    const common = this.length(blocks, share);
    this.#requests++;
    for (const block of blocks.slice(0, common + 1))
      this.#counts.set(block, (this.#counts.get(block) ?? 0) + 1);
    if (this.#requests < HALVE_AFTER) return;
    this.#requests /= 2;
    for (const [block, count] of this.#counts) {
      if (count < 2) this.#counts.delete(block);
      else this.#counts.set(block, count / 2);
    }
  }
}
