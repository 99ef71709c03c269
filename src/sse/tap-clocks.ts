import type { TapTerms } from './tap-terms.js';
import { Watchdog } from './watchdog.js';

/** The clocks of one attempt, of which one runs at a time. */
export class TapClocks {
  readonly #terms: TapTerms;
  readonly #watchdog: Watchdog;
  #startedAt: number;
  #answering = false;

  /**
   * @param expired the running clock has run out
   */
  constructor(terms: TapTerms, expired: () => void) {
    this.#terms = terms;
    this.#watchdog = new Watchdog(terms.clock, terms.timeouts.idle, expired);
    this.#startedAt = terms.clock.now();
  }

  /** Milliseconds since the request was sent; before that, since the attempt began. */
  get elapsed(): number {
    return this.#terms.clock.now() - this.#startedAt;
  }

  connecting(): void {
    this.#watchdog.expect(this.#startedAt + this.#terms.timeouts.connect, this.#startedAt);
  }

  /** The request is sent: a stream's first content, or another answer's headers, must come. */
  sent(): void {
    const { clock, timeouts, streaming } = this.#terms;
    this.#startedAt = clock.now();
    const wait = streaming ? timeouts.firstToken : timeouts.response;
    this.#watchdog.expect(this.#startedAt + wait, this.#startedAt);
  }

  /** The answer streams. One that was not asked to had the response clock until now. */
  streams(): void {
    if (!this.#terms.streaming) this.#expect(this.#terms.timeouts.firstToken);
  }

  /** Something came, and more must. */
  idle(): void {
    this.#expect(this.#terms.timeouts.idle);
  }

  /**
   * Part of an answer came, and more must.
   *
   * @param blank a blank line in the place of JSON, which is no progress: before any of the answer such lines may
   * come for as long as the headers might have taken, after that they change nothing
   */
  part(blank: boolean): void {
    const { clock, timeouts } = this.#terms;
    if (blank) {
      if (!this.#answering) this.#watchdog.expect(this.#startedAt + timeouts.response, clock.now());
      return;
    }
    this.#answering = true;
    this.idle();
  }

  /** The reader has stopped reading. */
  unread(): void {
    this.#expect(this.#terms.timeouts.unread);
  }

  stop(): void {
    this.#watchdog.stop();
  }

  #expect(wait: number): void {
    const now = this.#terms.clock.now();
    this.#watchdog.expect(now + wait, now);
  }
}
