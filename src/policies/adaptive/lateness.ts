/** What a new sample counts. */
const PULL = 0.1;
/** Milliseconds in which what is known falls to 1/e, in silence too. */
const MEMORY = 60_000;

/** A moving average of the ms by which first tokens came later than prompts and rate explain: other clients, full servers. */
export class Lateness {
  #value = 0;
  #at = 0;

  at(now: number): number {
    return this.#value === 0 ? 0 : this.#value * Math.exp(-Math.max(0, now - this.#at) / MEMORY);
  }

  add(late: number, now: number): void {
    const known = this.at(now);
    this.#value = known + PULL * (late - known);
    this.#at = now;
  }
}
