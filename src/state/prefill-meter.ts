/** Fewer tokens say more of the network than of the prefill. */
const LEAST_TOKENS = 300;
/** A first token that took this much longer than expected waited for something else: a slot, most often. */
const DELAYED_FACTOR = 3;
const DELAYED_MORE = 500;
/** What a sample counts. Waiting only ever makes the rate look lower, so higher samples are truer than lower ones. */
const PULL_UP = 0.25;
const PULL_DOWN = 0.05;
/** Even those count a little, or a server that has become far slower would never be found out. */
const PULL_DELAYED = 0.01;

/**
 * Prompt tokens that wait for their first token, and how many a second are worked off.
 *
 * A sample is the tokens that stood before a first token, its own included, over the time to it: 3 000 tokens and
 * 1.5 s make 2 000 tokens a second.
 */
export class PrefillMeter {
  #pending = 0;
  #requests = 0;
  #rate: number | undefined;

  get pending(): number {
    return this.#pending;
  }

  /** Tokens a second; `undefined` until the first sample. */
  get rate(): number | undefined {
    return this.#rate;
  }

  /** @returns the tokens that now stand before this request's first token, its own included */
  begin(tokens: number): number {
    this.#requests++;
    this.#pending += tokens;
    return this.#pending;
  }

  /** Its first token has come, or never will. */
  end(tokens: number): void {
    this.#requests--;
    // Estimates may be fractions, whose sums do not cancel out to the last bit.
    this.#pending = this.#requests === 0 ? 0 : this.#pending - tokens;
  }

  /**
   * @param ahead tokens that stood before the first token
   * @param elapsed ms until it came
   */
  learn(ahead: number, elapsed: number): void {
    if (ahead < LEAST_TOKENS || !(elapsed > 0)) return;
    const sample = (ahead / elapsed) * 1000;
    const rate = this.#rate;
    if (rate === undefined) {
      this.#rate = sample;
      return;
    }
    const expected = (ahead / rate) * 1000;
    const delayed = elapsed > DELAYED_FACTOR * expected + DELAYED_MORE;
    const pull = sample > rate ? PULL_UP : delayed ? PULL_DELAYED : PULL_DOWN;
    this.#rate = rate + pull * (sample - rate);
  }
}
