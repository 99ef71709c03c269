import { CacheReach } from './cache-reach.js';
import type { EndpointView } from './endpoint.js';

/** Bounds of memory for each endpoint, whatever its cache: about 2 MB. */
const MOST_BLOCKS = 32_768;
const MOST_TOKENS = 4_000_000;
/** Where less is known of a prompt, in tokens or in share, its first token does not tell whether that was cached. */
const LEAST_KNOWN = 500;
const LEAST_SHARE = 0.25;
/** Nor where more is before it, over what is known. */
const MOST_BEFORE = 0.5;

/** What one endpoint was sent. */
interface Sent {
  /** Block and where it was sent last, in `position`; the least recently sent first. */
  readonly blocks: Map<number, { readonly at: number; readonly tokens: number }>;
  /** Tokens of all these blocks. */
  tokens: number;
  /** Tokens that were ever sent there. */
  position: number;
  readonly reach: CacheReach;
}

/** The beginning of a prompt that an endpoint was sent before, whether its cache holds it still or not. In tokens. */
export interface Known {
  readonly prompt: number;
  readonly known: number;
  /** What was sent there since. */
  readonly distance: number;
}

/** What an endpoint did from when a prompt was sent to its first token. In tokens. */
export interface PrefillWork {
  /** What was to be computed before it. */
  readonly before: number;
  /** What could be computed in that time. */
  readonly computed: number;
}

/**
 * What the endpoints' prefix caches are thought to hold: the prompts that were sent there, the least recently used
 * forgotten first, as the engines do. Bounded by the size of the cache, where the endpoint tells it, and by how far
 * back it turns out to reach.
 *
 * A block is never more recent than the one before it in its prompt, so what is held of a prompt is a beginning of it,
 * and its end can be searched by halves.
 */
export class PrefixIndex {
  readonly #sent = new WeakMap<EndpointView, Sent>();

  /** Blocks at the beginning of the prompt that the endpoint is thought to hold. */
  matched(endpoint: EndpointView, blocks: readonly number[]): number {
    const sent = this.#sent.get(endpoint);
    return sent === undefined ? 0 : beginning(sent, blocks, sent.position - sent.reach.tokens);
  }

  /** What the endpoint was sent of a prompt, to `learn` from; `undefined` when that will say nothing. */
  known(endpoint: EndpointView, blocks: readonly number[], prompt: number): Known | undefined {
    const sent = this.#sent.get(endpoint);
    if (sent === undefined) return undefined;
    const count = beginning(sent, blocks, Number.NEGATIVE_INFINITY);
    const known = (count / blocks.length) * prompt;
    const last = sent.blocks.get(blocks[count - 1] as number);
    if (last === undefined || known < Math.max(LEAST_KNOWN, LEAST_SHARE * prompt)) return undefined;
    return { prompt, known, distance: sent.position - last.at };
  }

  /** The prompt's first token has come: by what was done until then, what was known of it was cached or was not. */
  learn(endpoint: EndpointView, { prompt, known, distance }: Known, { before, computed }: PrefillWork): void {
    if (before > MOST_BEFORE * known) return;
    const spared = before + prompt - computed;
    this.#sent.get(endpoint)?.reach.found(distance, spared > known / 2);
  }

  /** The prompt was sent there. */
  add(endpoint: EndpointView, blocks: readonly number[], tokensPerBlock: number): void {
    let sent = this.#sent.get(endpoint);
    if (sent === undefined) {
      sent = { blocks: new Map(), tokens: 0, position: 0, reach: new CacheReach() };
      this.#sent.set(endpoint, sent);
    }
    const room = Math.min(endpoint.load?.kvCacheTokens ?? MOST_TOKENS, MOST_TOKENS);
    // From its end, so that the beginning is the most recent.
    for (let index = blocks.length - 1; index >= 0; index--) {
      const block = blocks[index] as number;
      const before = sent.blocks.get(block);
      if (before !== undefined) {
        sent.blocks.delete(block);
        sent.tokens -= before.tokens;
      }
      sent.position += tokensPerBlock;
      sent.blocks.set(block, { at: sent.position, tokens: tokensPerBlock });
      sent.tokens += tokensPerBlock;
    }
    for (const [block, { tokens }] of sent.blocks) {
      if (sent.tokens <= room && sent.blocks.size <= MOST_BLOCKS) break;
      sent.blocks.delete(block);
      sent.tokens -= tokens;
    }
  }
}

/** Blocks at the beginning of a prompt that were sent after `since`. */
function beginning(sent: Sent, blocks: readonly number[], since: number): number {
  let held = 0;
  let beyond = blocks.length + 1;
  while (beyond - held > 1) {
    const middle = (held + beyond) >>> 1;
    const block = sent.blocks.get(blocks[middle - 1] as number);
    if (block !== undefined && block.at > since) held = middle;
    else beyond = middle;
  }
  return held;
}
