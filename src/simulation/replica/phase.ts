import type { Chunk } from './batch.js';
import { decodeTime, type StepCosts, stepTime } from './step-time.js';

export interface PhaseTerms {
  readonly costs: StepCosts;
  /** Every step takes so many times as long. */
  readonly slowdown: number;
  /** Tokens of context of the decoding sequences. */
  readonly context: number;
  /** Sequences that decode. */
  readonly decoding: number;
  /** Parts of prompts that the one step computes; none in a run of steps that only decode. */
  readonly chunks: readonly Chunk[];
}

/**
 * Steps that a replica takes without a change to its batch: one that computes chunks of prompts, or a run of steps
 * that only decode, whose times are known in closed form.
 */
export class Phase {
  readonly start: number;
  readonly #terms: PhaseTerms;
  readonly #prefill: number;
  steps: number;

  constructor(start: number, steps: number, terms: PhaseTerms) {
    this.start = start;
    this.steps = steps;
    this.#terms = terms;
    this.#prefill = terms.chunks.reduce((sum, { tokens }) => sum + tokens, 0);
  }

  get chunks(): readonly Chunk[] {
    return this.#terms.chunks;
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
    const { costs, slowdown, context, decoding, chunks } = this.#terms;
    if (chunks.length === 0) return slowdown * decodeTime(costs, steps, context, decoding);
    return slowdown * steps * stepTime(costs, this.#prefill, context, decoding + chunks.length);
  }
}
