import type { Sequence } from './sequence.js';
import { decodeTime, type StepCosts, stepTime } from './step-time.js';

/** Part of a prompt that one step computes. */
export interface Chunk {
  readonly sequence: Sequence;
  readonly tokens: number;
}

/** What a batch looks like when a phase begins. */
export interface Batch {
  readonly costs: StepCosts;
  /** Every step takes so many times as long. */
  readonly slowdown: number;
  /** Tokens of context of the decoding sequences. */
  readonly context: number;
  readonly decoding: number;
}

/**
 * Steps that a replica takes without a change to its batch: one that computes chunks of prompts, or a run of steps
 * that only decode, whose times are known in closed form.
 */
export class Phase {
  readonly start: number;
  readonly chunks: readonly Chunk[];
  readonly #batch: Batch;
  steps: number;

  constructor(start: number, steps: number, batch: Batch, chunks: readonly Chunk[] = []) {
    this.start = start;
    this.steps = steps;
    this.#batch = batch;
    this.chunks = chunks;
  }

  get end(): number {
    return this.start + this.#time(this.steps);
  }

  /** Whole steps that are over. */
  stepsDone(now: number): number {
    let low = 0;
    let high = this.steps;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.start + this.#time(middle) <= now) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /**
   * Lets it end with the step that is under way.
   * @returns whether it ends sooner than before
   */
  cut(now: number): boolean {
    const steps = Math.min(this.steps, this.stepsDone(now) + 1);
    const sooner = steps < this.steps;
    this.steps = steps;
    return sooner;
  }

  #time(steps: number): number {
    const { costs, slowdown, context, decoding } = this.#batch;
    if (this.chunks.length === 0) return slowdown * decodeTime(costs, steps, context, decoding);
    let tokens = 0;
    for (const chunk of this.chunks) tokens += chunk.tokens;
    return slowdown * steps * stepTime(costs, tokens, context, decoding + this.chunks.length);
  }
}
