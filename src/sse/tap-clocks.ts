import type { FaultReason } from '../core/outcome.js';
import type { AttemptTimes } from '../core/request-record.js';
import type { TapTerms } from './tap-terms.js';
import { Watchdog, type Watched } from './watchdog.js';

/** A server that had closed an idle connection lets us know within a round trip; later it died of something else. */
const STALE_WITHIN = 1_000;

/** The clocks of one attempt, of which one runs at a time. */
export class TapClocks implements AttemptTimes {
  readonly #terms: TapTerms;
  readonly #watchdog: Watchdog;
  #startedAt: number;
  connect: number | undefined;
  headers: number | undefined;
  firstToken: number | undefined;
  #answering = false;
  /** What it means that the running clock has run out. */
  meaning: FaultReason = 'timeout-connect';

  /** @param watched hears when the running clock has run out */
  constructor(terms: TapTerms, watched: Watched) {
    this.#terms = terms;
    this.#watchdog = new Watchdog(terms.clock, terms.timeouts.idle, watched);
    this.#startedAt = terms.startedAt;
  }

  /** When the attempt began. */
  get begunAt(): number {
    return this.#terms.startedAt;
  }

  /** Milliseconds since the request was sent; before that, since the attempt began. */
  get elapsed(): number {
    return this.#terms.clock.now() - this.#startedAt;
  }

  /** Sent so short a time ago that an answer is out of the question. */
  get fresh(): boolean {
    return this.elapsed < STALE_WITHIN;
  }

  connecting(): void {
    this.#watchdog.expect(this.#startedAt + this.#terms.timeouts.connect, this.#startedAt);
  }

  /** The request is sent: a stream's first content, or another answer's headers, must come. */
  sent(): void {
    const { clock, timeouts, streaming } = this.#terms;
    this.#startedAt = clock.now();
    this.connect = this.#startedAt - this.begunAt;
    const wait = streaming ? timeouts.firstToken : timeouts.response;
    this.meaning = streaming ? 'timeout-first-token' : 'timeout-response';
    this.#watchdog.expect(this.#startedAt + wait, this.#startedAt);
  }

  /**
   * The headers have come.
   *
   * @param streams one that was not asked to had the response clock until now
   */
  headed(streams: boolean): void {
    this.headers = this.elapsed;
    if (!streams) return this.idle();
    if (this.#terms.streaming) return;
    this.meaning = 'timeout-first-token';
    this.#expect(this.#terms.timeouts.firstToken);
  }

  /** Something came, and more must. */
  idle(): void {
    this.meaning = 'stall';
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
      if (this.#answering) return;
      this.meaning = 'timeout-response';
      this.#watchdog.expect(this.#startedAt + timeouts.response, clock.now());
      return;
    }
    this.#answering = true;
    this.idle();
  }

  /** The first content of a stream has come. @returns how long that took, as `elapsed` */
  content(): number {
    this.firstToken = this.elapsed;
    return this.firstToken;
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
