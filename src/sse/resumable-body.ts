import type { BodySink, ReplyBody } from '../core/exchange.js';
import type { Outcome, OutcomeKind } from '../core/outcome.js';
import { AttemptReading, type ResumableTap } from './attempt-reading.js';
import { ChatTranscript, type SoFar } from './chat-transcript.js';
import { Continuation, DONE_EVENT, lengthEvent } from './continuation.js';

/** What came of asking another endpoint to go on. */
export type NextAttempt =
  /** It does; its first content is there. */
  | { readonly kind: 'continued'; readonly tap: ResumableTap }
  /** Nothing is missing but the end: the token limit is used up. */
  | { readonly kind: 'limit-reached' }
  /** The caller has to be told of the failure. */
  | { readonly kind: 'none' }
  /** The request was stopped meanwhile; `error` is what its reader is told. */
  | { readonly kind: 'stopped'; readonly error: Error };

export interface ResumeTerms {
  /** Most seams. */
  readonly seams: number;
  /** Longest text that is kept, in characters; a longer one is not resumed. */
  readonly maxText: number;
  /** Finds the next endpoint and has it go on. Must not reject. */
  next(failed: Outcome, soFar: SoFar): Promise<NextAttempt>;
  /** The reader has gone while there was no attempt. */
  stop(): void;
  /** The answer was whole before its end broke off. */
  completed(tokens: number): void;
  /** What the reader is told of an attempt that broke off. */
  failure(outcome: Outcome): Error;
  /** Exactly once: the answer is over, and nothing is left to do. */
  over(outcome: OutcomeKind): void;
}

/**
 * Hands on a chat completion that another endpoint continues when the one that gives it breaks off. Whole events
 * are passed on untouched until then, so that the caller never has half of one.
 */
export class ResumableBody implements ReplyBody {
  readonly complete = undefined;
  readonly #terms: ResumeTerms;
  readonly #transcript: ChatTranscript;
  #reading: AttemptReading;
  #sink: BodySink | undefined;
  #room = true;
  #seams = 0;
  #over = false;

  constructor(tap: ResumableTap, terms: ResumeTerms) {
    this.#terms = terms;
    this.#transcript = new ChatTranscript(terms.maxText);
    this.#reading = this.#read(tap, undefined);
  }

  pipe(sink: BodySink): void {
    this.#sink = sink;
    this.#reading.start();
    this.#settle();
  }

  resume(): void {
    this.#room = true;
    if (!this.#reading.withholds) this.#reading.tap.resume();
  }

  cancel(reason: 'caller-left' | 'abandoned' = 'caller-left'): void {
    this.#sink = undefined;
    if (this.#reading.withholds) this.#terms.stop();
    this.#reading.tap.cancel(reason);
    this.#settle();
  }

  #read(tap: ResumableTap, continuation: Continuation | undefined): AttemptReading {
    return new AttemptReading(tap, this.#transcript, {
      continuation,
      pass: (bytes) => this.#pass(bytes),
      broken: (outcome) => this.#broken(outcome),
      failure: (outcome) => this.#terms.failure(outcome),
      end: () => this.#leave()?.end(),
      fail: (error) => this.#leave()?.fail(error),
    });
  }

  /** @returns whether there is room for more */
  #pass(bytes: Uint8Array | undefined): boolean {
    if (bytes !== undefined && this.#sink !== undefined) this.#room = this.#sink.write(bytes);
    return this.#room;
  }

  /** @returns whether something is done about it; otherwise the failure is the caller's */
  #broken(outcome: Outcome): boolean {
    const transcript = this.#transcript;
    if (this.#sink === undefined || (outcome.kind !== 'fault' && outcome.kind !== 'overloaded')) return false;
    if (transcript.finished) {
      this.#terms.completed(transcript.soFar.tokens);
      this.#finish(DONE_EVENT);
      return true;
    }
    if (this.#seams >= this.#terms.seams || !transcript.whole) return false;
    this.#seams++;
    void this.#seam(this.#reading, outcome);
    return true;
  }

  async #seam(broken: AttemptReading, outcome: Outcome): Promise<void> {
    const { soFar } = this.#transcript;
    const next = await this.#terms.next(outcome, soFar);
    if (next.kind === 'none' && this.#sink !== undefined) {
      broken.giveUp();
      return this.#settle();
    }
    // Its connection was kept for the case that nobody goes on.
    broken.tap.end(outcome);
    if (this.#sink === undefined) {
      if (next.kind === 'continued') next.tap.cancel();
      this.#end('neutral');
    } else if (next.kind === 'continued') {
      this.#transcript.seam();
      this.#reading = this.#read(next.tap, new Continuation(this.#transcript, soFar));
      this.#reading.start();
      this.#settle();
    } else if (next.kind === 'limit-reached') {
      this.#finish(lengthEvent(this.#transcript.head), DONE_EVENT);
    } else if (next.kind === 'stopped') {
      this.#leave()?.fail(next.error);
      this.#end('neutral');
    }
  }

  /** Ends the answer from our side: the caller has all of it. */
  #finish(...events: readonly Uint8Array[]): void {
    for (const event of events) this.#sink?.write(event);
    this.#leave()?.end();
    this.#end('success');
  }

  /** The reader hears one word more, and nothing after it. */
  #leave(): BodySink | undefined {
    const sink = this.#sink;
    this.#sink = undefined;
    return sink;
  }

  /** Once the attempt that is read has nothing left to do, neither has the request. */
  #settle(): void {
    const reading = this.#reading;
    const { settlement } = reading.tap;
    settlement.afterClose(() => {
      if (reading === this.#reading && !reading.withholds) this.#end(settlement.outcome?.kind ?? 'neutral');
    });
  }

  #end(outcome: OutcomeKind): void {
    if (this.#over) return;
    this.#over = true;
    this.#terms.over(outcome);
  }
}
