import type { EndpointView } from './endpoint.js';

/** Tokens that an endpoint's cache may hold where it does not say: an A100 with 80 GB and a model of 8 B, rounded down. */
const USUAL_CACHE = 400_000;
/** Bound of memory for each endpoint, whatever its cache: about 2 MB. */
const MOST_BLOCKS = 32_768;

/** What one endpoint's prefix cache is thought to hold: block and its tokens, least recently used first. */
interface Cached {
  readonly blocks: Map<number, number>;
  tokens: number;
}

/**
 * What the endpoints' prefix caches are thought to hold: the prompts that were sent there, the least recently used
 * forgotten first, as the engines do. Bounded by the size of the cache, where the endpoint tells it.
 *
 * A block is never more recent than the one before it in its prompt, so what is held of a prompt is a beginning of it,
 * and its end can be searched by halves.
 */
export class PrefixIndex {
  readonly #caches = new WeakMap<EndpointView, Cached>();

  /** Blocks at the beginning of the prompt that the endpoint holds. */
  matched(endpoint: EndpointView, blocks: readonly number[]): number {
    const cached = this.#caches.get(endpoint)?.blocks;
    if (cached === undefined) return 0;
    let held = 0;
    let beyond = blocks.length + 1;
    while (beyond - held > 1) {
      const middle = (held + beyond) >>> 1;
      if (cached.has(blocks[middle - 1] as number)) held = middle;
      else beyond = middle;
    }
    return held;
  }

  /** The prompt was sent there. */
  add(endpoint: EndpointView, blocks: readonly number[], tokensPerBlock: number): void {
    let cached = this.#caches.get(endpoint);
    if (cached === undefined) {
      cached = { blocks: new Map(), tokens: 0 };
      this.#caches.set(endpoint, cached);
    }
    const room = endpoint.load?.kvCacheTokens ?? USUAL_CACHE;
    // From its end, so that the beginning is the most recent.
    for (let index = blocks.length - 1; index >= 0; index--) {
      const block = blocks[index] as number;
      const before = cached.blocks.get(block);
      if (before !== undefined) {
        cached.blocks.delete(block);
        cached.tokens -= before;
      }
      cached.blocks.set(block, tokensPerBlock);
      cached.tokens += tokensPerBlock;
    }
    for (const [block, tokens] of cached.blocks) {
      if (cached.tokens <= room && cached.blocks.size <= MOST_BLOCKS) break;
      cached.blocks.delete(block);
      cached.tokens -= tokens;
    }
  }
}
