import type { Clock } from '../core/clock.js';

/** Fewer tokens than this, all together, say more of the network than of the prefill. */
const LEAST_TOKENS = 300;
/** Busy time after which what was learnt counts for 1/e, in ms: a GPU that throttles is found out in seconds. */
const DECAY = 20_000;

/**
 * Prompt tokens that wait for their first token, and how many a second are worked off.
 *
 * The rate is tokens of prompts whose first token came / time in which any were waiting: three prompts of 1 000 whose
 * first tokens came 0.5, 0.6 and 1.5 s after the endpoint began on them make 2 000 tokens a second. A single prompt's
 * time would not do: what was before it may have been half done, or done in the same step.
 */
export class PrefillMeter {
  readonly #clock: Clock;
  #pending = 0;
  #requests = 0;
  /** The last first token, or when the first of the waiting was sent. */
  #since = 0;
  #tokens = 0;
  #busy = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get pending(): number {
    return this.#pending;
  }

  /** Tokens a second; `undefined` until enough have been seen. */
  get rate(): number | undefined {
    return this.#tokens < LEAST_TOKENS || this.#busy === 0 ? undefined : (this.#tokens / this.#busy) * 1000;
  }

  /** A request was sent. */
  begin(tokens: number): void {
    if (this.#requests === 0) this.#since = this.#clock.now();
    this.#requests++;
    this.#pending += tokens;
  }

  /** Its first token has come. */
  firstToken(tokens: number): void {
    const now = this.#clock.now();
    const spent = now - this.#since;
    const keep = Math.exp(-spent / DECAY);
    this.#tokens = this.#tokens * keep + tokens;
    this.#busy = this.#busy * keep + spent;
    this.#end(tokens, now);
  }

  /** It ended without, or does not tell: nobody knows what the time since the last first token was spent on. */
  end(tokens: number): void {
    this.#end(tokens, this.#clock.now());
  }

  #end(tokens: number, now: number): void {
    this.#since = now;
    this.#requests--;
    // Estimates may be fractions, whose sums do not cancel out to the last bit.
    this.#pending = this.#requests === 0 ? 0 : this.#pending - tokens;
  }
}
