import type { Timer } from '../core/clock.js';
import { type Chunk, Phase } from './phase.js';
import { PrefixCache } from './prefix-cache.js';
import type { ReplicaModel } from './replica-model.js';
import type { Sequence } from './sequence.js';
import type { VirtualClock } from './virtual-clock.js';

/** What a replica has done since it was made. */
export interface ReplicaWork {
  /** Milliseconds in which a step was under way. */
  busy: number;
  /** Requests that were let into the batch. */
  requests: number;
  /** Prompt tokens that were computed. */
  prefilled: number;
  /** Prompt tokens that the prefix cache had. */
  cached: number;
  /** Tokens of answers. */
  decoded: number;
}

/**
 * A model server with continuous batching, chunked prefill and a prefix cache, as vLLM works: every step gives each
 * decoding sequence a token and fills the rest of its token budget with prompts, first come first served. A request
 * waits until there is a slot and room for its whole context.
 */
export class Replica {
  readonly model: ReplicaModel;
  readonly #clock: VirtualClock;
  #cache: PrefixCache;
  #waiting: Sequence[] = [];
  #prefilling: Sequence[] = [];
  #decoding: Sequence[] = [];
  /** Tokens of context that the decoding sequences have. */
  #context = 0;
  /** Steps since the start. */
  #steps = 0;
  #phase: Phase | undefined;
  #timer: Timer | undefined;
  #slowdown = 1;
  readonly work: ReplicaWork = { busy: 0, requests: 0, prefilled: 0, cached: 0, decoded: 0 };

  constructor(model: ReplicaModel, clock: VirtualClock) {
    this.model = model;
    this.#clock = clock;
    this.#cache = new PrefixCache(model.kvTokens, model.blockTokens);
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  get running(): number {
    return this.#prefilling.length + this.#decoding.length;
  }

  /** How many times as long as usual a step takes. */
  get slowdown(): number {
    return this.#slowdown;
  }

  /** Share of the KV cache that running requests hold. */
  get kvUsage(): number {
    return this.#cache.usage;
  }

  /** Prompt tokens that wait to be computed; those of waiting requests as if nothing of them were cached. */
  get pendingPrefill(): number {
    let sum = 0;
    for (const { toPrefill } of this.#waiting) sum += toPrefill;
    for (const { toPrefill } of this.#prefilling) sum += toPrefill;
    return sum;
  }

  /** Tokens of answers still to come, and of context behind them. */
  get decodeLoad(): { readonly tokens: number; readonly context: number } {
    let tokens = 0;
    for (const { output } of [...this.#waiting, ...this.#prefilling]) tokens += output;
    for (const sequence of this.#decoding) tokens += sequence.lastStep - this.#steps;
    return { tokens, context: this.#context };
  }

  /** Prompt tokens of which the cache holds the blocks. */
  cachedTokens(blocks: readonly number[]): number {
    return this.model.prefixCaching ? this.#cache.match(blocks) : 0;
  }

  /** Tokens a sequence has answered with so far. */
  produced({ output, lastStep }: Sequence): number {
    if (lastStep === 0) return 0;
    const phase = this.#phase;
    const done = phase === undefined || phase.chunks.length > 0 ? 0 : phase.stepsDone(this.#clock.now());
    return Math.min(output, output - (lastStep - this.#steps - done));
  }

  /** Takes a request; it must fit: see `ReplicaModel.kvTokens`. */
  submit(sequence: Sequence): void {
    this.#waiting.push(sequence);
    if (this.#phase === undefined) this.#step();
    else this.#cut();
  }

  /** The caller has left. */
  abort(sequence: Sequence): void {
    sequence.aborted = true;
    const index = this.#waiting.indexOf(sequence);
    if (index === -1) this.#cut();
    else this.#waiting.splice(index, 1);
  }

  /** @param slowdown how many times as long as usual every step takes, from the next one on */
  throttle(slowdown: number): void {
    this.#slowdown = slowdown;
    this.#cut();
  }

  /** The process dies: what it had is lost, its cache too. */
  kill(): void {
    const lost = [...this.#waiting, ...this.#prefilling, ...this.#decoding];
    this.#timer?.close();
    this.#phase = undefined;
    this.#waiting = [];
    this.#prefilling = [];
    this.#decoding = [];
    this.#context = 0;
    this.#cache = new PrefixCache(this.model.kvTokens, this.model.blockTokens);
    for (const { aborted, listener } of lost) if (!aborted) listener.lost();
  }

  /** Ends a run of decode steps with the step that is under way, so that what came can take part in the next. */
  #cut(): void {
    if (this.#phase?.cut(this.#clock.now())) this.#await(this.#phase);
  }

  #step(): void {
    this.#admit();
    const batch = {
      costs: this.model.costs,
      slowdown: this.#slowdown,
      context: this.#context,
      decoding: this.#decoding.length,
    };
    const now = this.#clock.now();
    if (this.#prefilling.length > 0) this.#await(new Phase(now, 1, batch, this.#chunks()));
    else if (this.#decoding.length > 0) {
      let last = Number.POSITIVE_INFINITY;
      for (const { lastStep } of this.#decoding) if (lastStep < last) last = lastStep;
      this.#await(new Phase(now, last - this.#steps, batch));
    } else this.#phase = undefined;
  }

  #await(phase: Phase): void {
    this.#timer?.close();
    this.#phase = phase;
    this.#timer = this.#clock.schedule(() => this.#endPhase(phase), phase.end - this.#clock.now());
  }

  /** Lets in who waits, in order, as long as there are slots and room. */
  #admit(): void {
    let admitted = 0;
    for (const sequence of this.#waiting) {
      if (this.running >= this.model.slots) break;
      const cached = this.cachedTokens(sequence.blocks);
      const matched = cached / this.model.blockTokens;
      if (!this.#cache.hold(sequence.blocks, matched, ownTokens(sequence, this.model))) break;
      sequence.heldBlocks = matched;
      // One token at least is computed, to have something to begin with.
      const saved = Math.min(cached, sequence.prompt - 1);
      sequence.toPrefill = sequence.prompt - saved;
      this.work.cached += saved;
      this.work.requests++;
      this.#prefilling.push(sequence);
      admitted++;
    }
    if (admitted > 0) this.#waiting.splice(0, admitted);
  }

  #chunks(): readonly Chunk[] {
    const chunks: Chunk[] = [];
    let budget = Math.max(1, this.model.stepTokens - this.#decoding.length);
    for (const sequence of this.#prefilling) {
      if (budget === 0) break;
      const tokens = Math.min(budget, sequence.toPrefill);
      chunks.push({ sequence, tokens });
      budget -= tokens;
    }
    return chunks;
  }

  #endPhase({ start, steps, chunks }: Phase): void {
    this.#phase = undefined;
    this.work.busy += this.#clock.now() - start;
    this.#steps += steps;
    this.#context += this.#decoding.length * steps;
    this.work.decoded += this.#decoding.length * steps;
    for (const { sequence, tokens } of chunks) {
      sequence.toPrefill -= tokens;
      this.work.prefilled += tokens;
    }
    const finished = this.#endDecoding();
    const begun = chunks.length > 0 ? this.#endPrefilling(finished) : [];
    this.#step();
    // Told at the end, when the next step is under way: a listener may submit more.
    for (const { aborted, listener } of begun) if (!aborted) listener.firstToken();
    for (const { aborted, listener } of finished) if (!aborted) listener.finished();
  }

  /** @returns those that are over */
  #endDecoding(): Sequence[] {
    const over: Sequence[] = [];
    const going: Sequence[] = [];
    for (const sequence of this.#decoding) {
      if (sequence.lastStep > this.#steps && !sequence.aborted) going.push(sequence);
      else over.push(sequence);
    }
    if (over.length > 0) this.#decoding = going;
    for (const sequence of over) {
      this.#context -= sequence.prompt + this.produced(sequence);
      this.#release(sequence);
    }
    return over;
  }

  /**
   * @param finished gets those of one token
   * @returns those whose first token has come
   */
  #endPrefilling(finished: Sequence[]): readonly Sequence[] {
    const begun: Sequence[] = [];
    const going: Sequence[] = [];
    for (const sequence of this.#prefilling) {
      if (sequence.aborted) this.#release(sequence);
      else if (sequence.toPrefill > 0) going.push(sequence);
      else begun.push(sequence);
    }
    this.#prefilling = going;
    for (const sequence of begun) {
      this.#cache.computed(sequence.blocks, sequence.heldBlocks);
      sequence.heldBlocks = sequence.blocks.length;
      this.work.decoded++;
      if (sequence.output <= 1) {
        this.#release(sequence);
        finished.push(sequence);
        continue;
      }
      sequence.lastStep = this.#steps + sequence.output - 1;
      this.#context += sequence.prompt + 1;
      this.#decoding.push(sequence);
    }
    return begun;
  }

  #release(sequence: Sequence): void {
    this.#cache.release(sequence.blocks, sequence.heldBlocks, ownTokens(sequence, this.model));
  }
}

/** What a sequence keeps for itself: the end of its prompt that fills no block, and its answer. */
function ownTokens({ prompt, output, blocks }: Sequence, { blockTokens }: ReplicaModel): number {
  return Math.max(0, prompt - blocks.length * blockTokens) + output;
}
