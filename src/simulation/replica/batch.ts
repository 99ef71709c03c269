import { PrefixCache } from './prefix-cache.js';
import type { ReplicaModel } from './replica-model.js';
import type { Sequence } from './sequence.js';

/** Part of a prompt that one step computes. */
export interface Chunk {
  readonly sequence: Sequence;
  readonly tokens: number;
}

/** What a replica has done since it was made. */
export interface ReplicaWork {
  /** Milliseconds in which a step was under way. */
  busy: number;
  /** Prompt tokens that were computed. */
  prefilled: number;
  /** Prompt tokens that the prefix cache had. */
  cached: number;
  /** Tokens of answers. */
  decoded: number;
}

/**
 * The requests of a replica, from the queue to the last token, and the cache they share. Knows steps, not time: every
 * step gives each decoding sequence a token and computes chunks of the prompts, first come first served.
 */
export class Batch {
  readonly #model: ReplicaModel;
  readonly #work: ReplicaWork;
  readonly cache: PrefixCache;
  readonly waiting: Sequence[] = [];
  prefilling: readonly Sequence[] = [];
  decoding: readonly Sequence[] = [];
  /** Tokens of context that the decoding sequences have. */
  context = 0;
  /** Steps taken so far. */
  steps = 0;

  constructor(model: ReplicaModel, work: ReplicaWork) {
    this.#model = model;
    this.#work = work;
    this.cache = new PrefixCache(model.kvTokens, model.blockTokens);
  }

  /** Lets in who waits, in order, as long as there are slots and room for the whole context. */
  admit(): void {
    const { slots, blockTokens, prefixCaching } = this.#model;
    const admitted: Sequence[] = [];
    const free = slots - this.prefilling.length - this.decoding.length;
    for (const sequence of this.waiting) {
      if (admitted.length >= free) break;
      const cached = prefixCaching ? this.cache.match(sequence.blocks) : 0;
      const matched = cached / blockTokens;
      if (!this.cache.hold(sequence.blocks, matched, this.#own(sequence))) break;
      sequence.heldBlocks = matched;
      // One token at least is computed, to have something to begin with.
      const saved = Math.min(cached, sequence.prompt - 1);
      sequence.toPrefill = sequence.prompt - saved;
      this.#work.cached += saved;
      admitted.push(sequence);
    }
    if (admitted.length === 0) return;
    this.waiting.splice(0, admitted.length);
    this.prefilling = [...this.prefilling, ...admitted];
  }

  /** What the next step computes of prompts: the token budget that decoding leaves. */
  chunks(): readonly Chunk[] {
    const chunks: Chunk[] = [];
    let budget = Math.max(1, this.#model.stepTokens - this.decoding.length);
    for (const sequence of this.prefilling) {
      if (budget === 0) break;
      const tokens = Math.min(budget, sequence.toPrefill);
      chunks.push({ sequence, tokens });
      budget -= tokens;
    }
    return chunks;
  }

  /** Steps until the first of the decoding sequences has its last token. */
  get stepsToNextEnd(): number {
    let last = Number.POSITIVE_INFINITY;
    for (const { lastStep } of this.decoding) if (lastStep < last) last = lastStep;
    return last - this.steps;
  }

  /**
   * Steps have been taken.
   * @returns whose first token has come, and who is over, those whose caller has left included
   */
  advance(steps: number, chunks: readonly Chunk[]) {
    const decoded = this.decoding.length * steps;
    this.steps += steps;
    this.context += decoded;
    this.#work.decoded += decoded;
    for (const { sequence, tokens } of chunks) {
      sequence.toPrefill -= tokens;
      this.#work.prefilled += tokens;
    }
    const finished = this.#endDecoding();
    const begun = chunks.length > 0 ? this.#endPrefilling(finished) : [];
    return { begun, finished };
  }

  /** Tokens that a sequence has answered with, `extra` steps from now. */
  produced({ output, lastStep }: Sequence, extra = 0): number {
    return lastStep === 0 ? 0 : Math.min(output, output - (lastStep - this.steps - extra));
  }

  #endDecoding(): Sequence[] {
    const over: Sequence[] = [];
    const going: Sequence[] = [];
    for (const sequence of this.decoding) {
      if (sequence.lastStep > this.steps && !sequence.aborted) going.push(sequence);
      else over.push(sequence);
    }
    if (over.length > 0) this.decoding = going;
    for (const sequence of over) {
      this.context -= sequence.prompt + this.produced(sequence);
      this.#release(sequence);
    }
    return over;
  }

  /** @param finished gets those whose first token is their last */
  #endPrefilling(finished: Sequence[]): readonly Sequence[] {
    const begun: Sequence[] = [];
    const going: Sequence[] = [];
    for (const sequence of this.prefilling) {
      if (sequence.aborted) this.#release(sequence);
      else if (sequence.toPrefill > 0) going.push(sequence);
      else begun.push(sequence);
    }
    this.prefilling = going;
    const decoding = [...this.decoding];
    for (const sequence of begun) {
      this.cache.computed(sequence.blocks, sequence.heldBlocks);
      sequence.heldBlocks = sequence.blocks.length;
      this.#work.decoded++;
      if (sequence.output === 1) {
        this.#release(sequence);
        finished.push(sequence);
        continue;
      }
      sequence.lastStep = this.steps + sequence.output - 1;
      this.context += sequence.prompt + 1;
      decoding.push(sequence);
    }
    this.decoding = decoding;
    return begun;
  }

  #release(sequence: Sequence): void {
    this.cache.release(sequence.blocks, sequence.heldBlocks, this.#own(sequence));
  }

  /** What a sequence keeps for itself: the end of its prompt that fills no block, and its answer. */
  #own({ prompt, output, blocks }: Sequence): number {
    return Math.max(0, prompt - blocks.length * this.#model.blockTokens) + output;
  }
}
