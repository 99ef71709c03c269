import type { Clock } from '../core/clock.js';

/** One request must always be possible: it is how a better time would be noticed. Netflix's 20 is more than many model servers hold. */
export const FLOOR = 1;
/** vLLM's own limit at its largest (`max_num_seqs`); above it a limit limits nothing. */
export const CEILING = 1024;
/** Where the search begins: little for a GPU, and doubled with each round of answers while there is room. */
export const START = 8;

const BACKOFF = 0.8;
/** First tokens may be this much slower than usual before it counts as queueing. */
const TOLERANCE = 1.5;
/** One bad moment takes no more than this share, whatever the averages say. */
const LEAST_GRADIENT = 0.5;
/** First tokens that make a window, at the least: fewer are one long prompt's doing. */
const WINDOW = 20;
/** Standard errors by which a window must differ to be more than chance: prompts differ by orders of magnitude. */
const CERTAINTY = 3;
/** How far a window moves what is usual: quickly down to a server with nothing to do, slowly up to one that is busy. */
const FALL = 0.5;
const RISE = 0.1;
/** The first probe comes soon: the limit may have been too high from the beginning. */
const FIRST_PROBE = 2;
/** Every so many windows one is spent at half the limit, to see what is usual without a queue. */
const PROBE_EVERY = 25;
/** Growth with a success, above the limit at which the last sign of too much came. */
const BEYOND = 0.25;
/** After this long with nothing outstanding, in ms, what was learnt begins to be out of date. */
const IDLE = 60_000;

/**
 * Finds out how many requests an endpoint takes at once, from what its answers show.
 *
 * - Grows by 1 with about as many successes as the limit is; doubles with them until the first sign of too much, and
 *   grows by a quarter beyond the last one. Only while at least half the limit is in use: what is not used is not tested.
 * - An answer that the endpoint is overloaded cuts to 0.8, once a round: what was sent before a cut says nothing
 *   of the time after it.
 * - A server that queues without end, as vLLM does, says nothing. So first-token times are looked at in windows of
 *   20 or more: a window whose geometric mean is over 1.5 x the usual one, and by more than chance would have it,
 *   cuts by the gradient 1.5 x usual / recent, to half at most. Times of whole answers do not count: they follow
 *   the length of the answer.
 * - What is usual falls fast and rises slowly. A limit that was too high from the beginning would look usual, so now
 *   and then a window is spent at half the limit. If first tokens come much sooner there, half is the limit, and
 *   half of that is tried; else the limit is restored.
 * - Each minute with nothing outstanding halves what is above the start, as TCP does after a pause (RFC 2861).
 *
 * Limit 40, usual first token 0.2 s, window 0.5 s: 40 x 1.5 x 0.2 / 0.5 = 24. On a 429: 40 x 0.8 = 32.
 *
 * Sources: AIMD and Gradient2 of Netflix's concurrency-limits (tolerance 1.5, least gradient 0.5, no growth below
 * half use, probes); slow start of TCP (RFC 5681).
 */
export class AdaptiveLimit {
  readonly #clock: Clock;
  /** With a fraction: growth is less than 1 at a time. */
  #limit = START;
  /** Where the last sign of too much came; `undefined` while there was none. */
  #cutAt: number | undefined;
  /** Goes up whenever the limit is changed at once. */
  #round = 0;
  /** Sum, sum of squares and number of the logarithms of this window's first-token times. */
  #sum = 0;
  #squares = 0;
  #samples = 0;
  /** Logarithm of the usual first-token time. */
  #usual: number | undefined;
  /** The limit to go back to after a probe. */
  #probing: number | undefined;
  #untilProbe = FIRST_PROBE;
  #idleSince: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Requests that may be outstanding at once; an integer. */
  get current(): number {
    return Math.floor(this.#limit);
  }

  /** A request is sent. @returns the round it belongs to, to be told with what comes of it */
  sent(): number {
    if (this.#idleSince !== undefined) this.#fade(this.#clock.now() - this.#idleSince);
    this.#idleSince = undefined;
    return this.#round;
  }

  /** Nothing is outstanding any more. */
  idle(): void {
    this.#idleSince = this.#clock.now();
  }

  /** @param outstanding requests at the endpoint, this one included */
  succeeded(outstanding: number): void {
    if (outstanding < this.#limit / 2 || this.#probing !== undefined) return;
    const limit = this.#limit;
    const step = this.#cutAt === undefined ? limit : limit > this.#cutAt ? limit * BEYOND : 1;
    // No faster than windows are looked at.
    this.#limit = Math.min(CEILING, limit + step / Math.max(limit, WINDOW));
  }

  /** The endpoint turned a request away, or never came to it. */
  overloaded(round: number): void {
    if (round !== this.#round) return;
    this.#probing = undefined;
    this.#cut(BACKOFF);
  }

  /** @param elapsed ms from sending to the first content */
  firstToken(elapsed: number, round: number): void {
    if (round !== this.#round) return;
    const log = Math.log(Math.max(1, elapsed));
    this.#sum += log;
    this.#squares += log * log;
    this.#samples++;
    if (this.#samples >= Math.max(WINDOW, this.#limit / 2)) this.#judge();
  }

  #judge(): void {
    const recent = this.#sum / this.#samples;
    const variance = Math.max(0, this.#squares / this.#samples - recent * recent);
    const telling = Math.max(Math.log(TOLERANCE), CERTAINTY * Math.sqrt(variance / this.#samples));
    this.#forgetWindow();
    const usual = this.#usual ?? recent;
    if (this.#probing !== undefined) return this.#endProbe(this.#probing, recent, usual - recent > telling);
    this.#usual = usual + (recent - usual) * (recent < usual ? FALL : RISE);
    this.#untilProbe--;
    if (recent - usual > telling) this.#cut(Math.max(LEAST_GRADIENT, TOLERANCE * Math.exp(usual - recent)));
    else if (this.#untilProbe <= 0) this.#probe();
  }

  #probe(): void {
    this.#probing = this.#limit;
    this.#setLimit(this.#limit / 2);
  }

  #endProbe(before: number, recent: number, sooner: boolean): void {
    this.#probing = undefined;
    if (sooner) {
      // Half as many got their first token much sooner: the rest had been queueing. Perhaps these are still.
      this.#usual = recent;
      this.#cutAt = before;
      this.#probe();
    } else {
      this.#untilProbe = PROBE_EVERY;
      this.#setLimit(before);
    }
  }

  #cut(factor: number): void {
    this.#cutAt = this.#limit;
    this.#setLimit(this.#limit * factor);
  }

  #setLimit(limit: number): void {
    this.#limit = Math.max(FLOOR, limit);
    this.#round++;
    this.#forgetWindow();
  }

  #forgetWindow(): void {
    this.#sum = 0;
    this.#squares = 0;
    this.#samples = 0;
  }

  #fade(pause: number): void {
    if (pause < IDLE) return;
    this.#forgetWindow();
    this.#usual = undefined;
    this.#untilProbe = FIRST_PROBE;
    const limit = this.#probing ?? this.#limit;
    this.#probing = undefined;
    this.#limit = limit > START ? START + (limit - START) / 2 ** Math.floor(pause / IDLE) : limit;
  }
}
