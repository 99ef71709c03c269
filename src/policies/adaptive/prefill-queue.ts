/** A prompt that has been sent and not begun to be answered. */
export interface PendingPrompt {
  /** Its length in tokens. */
  readonly tokens: number;
}

/** The prompts that an endpoint has of us and has not begun to answer: servers compute them first come, first served. */
export class PrefillQueue {
  readonly #prompts = new Set<PendingPrompt>();
  #tokens = 0;
  /** When the first in line became the first. */
  #headSince = 0;

  get size(): number {
    return this.#prompts.size;
  }

  add(prompt: PendingPrompt, now: number): void {
    if (this.#prompts.size === 0) this.#headSince = now;
    this.#prompts.add(prompt);
    this.#tokens += prompt.tokens;
  }

  /** Its first token has come, or never will. */
  remove(prompt: PendingPrompt, now: number): void {
    if (!this.#prompts.delete(prompt)) return;
    this.#headSince = now;
    // Estimates may be fractions, whose sums do not cancel out to the last bit.
    this.#tokens = this.#prompts.size === 0 ? 0 : this.#tokens - prompt.tokens;
  }

  /** Tokens that are still to be computed, at `rate` tokens a ms: the first in line is under way. */
  left(rate: number, now: number): number {
    return this.#tokens - Math.min(this.#headAge(now) * rate, this.#headTokens);
  }

  /** Milliseconds by which the first in line is late, at that rate. */
  overdue(rate: number, now: number): number {
    return Math.max(0, this.#headAge(now) - this.#headTokens / rate);
  }

  #headAge(now: number): number {
    return this.#prompts.size === 0 ? 0 : Math.max(0, now - this.#headSince);
  }

  get #headTokens(): number {
    for (const { tokens } of this.#prompts) return tokens;
    return 0;
  }
}
