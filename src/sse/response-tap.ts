import type { TokenUsage } from '../core/events.js';
import type { BodySink, ReplyBody } from '../core/exchange.js';
import type { FaultReason, Outcome } from '../core/outcome.js';
import type { ResponseHeaders, TransportCall, TransportHandler } from '../core/transport.js';
import { answerUsage } from './answer-usage.js';
import { BodyDelivery, type BodySource } from './body-delivery.js';
import { chooseReading, type Reading } from './choose-reading.js';
import { isBlank } from './json-watch.js';
import { judgeEnd, judgeHeld } from './judge-stream.js';
import { Settlement } from './settlement.js';
import { streamFailure } from './stream-failure.js';
import type { StreamWatch } from './stream-watch.js';
import { TapClocks } from './tap-clocks.js';
import { type AttemptResult, NO_HEAD, type ResponseHead, type TapTerms } from './tap-terms.js';
import type { Watched } from './watchdog.js';

/**
 * Stands between one attempt and the caller: holds back what comes before the first content, so that
 * the attempt can be repeated elsewhere; then passes every byte on untouched; and settles the attempt once.
 *
 * connecting → waiting (for headers) → holding → flowing → over
 */
export class ResponseTap implements TransportHandler, ReplyBody, BodySource, Watched {
  readonly #terms: TapTerms;
  readonly clocks: TapClocks;
  readonly #body = new BodyDelivery(this);
  #call: TransportCall | undefined;
  #phase: 'connecting' | 'waiting' | 'holding' | 'flowing' | 'over' = 'connecting';
  #reading: Reading | undefined;
  #reused = false;
  /** The endpoint has said its last. */
  #ended = false;
  head: ResponseHead = NO_HEAD;
  readonly settlement: Settlement;
  /** Why the answer broke off. */
  failure: Outcome | undefined;
  /** True once the caller is given this attempt's answer. */
  committed = false;

  constructor(terms: TapTerms) {
    this.#terms = terms;
    this.settlement = new Settlement(terms);
    this.clocks = new TapClocks(terms, this);
  }

  /** The request is on its way: starts the clocks. */
  start(call: TransportCall): void {
    this.#call = call;
    if (this.#phase === 'over') call.abort();
    else if (this.#phase === 'connecting') this.clocks.connecting();
  }

  /** Resolves once it can be decided whether to pass this attempt on. */
  get ready(): Promise<AttemptResult> {
    return this.settlement.decided;
  }

  get watch(): StreamWatch | undefined {
    return this.#reading?.watch;
  }

  /** Tokens as the endpoint reported them; read when asked for. */
  get usage(): TokenUsage | undefined {
    if (this.#reading?.json === undefined || !this.#ended) return this.watch?.findings.usage;
    return answerUsage(this.#body.joined());
  }

  onSent(reused: boolean): void {
    if (this.#phase !== 'connecting') return;
    this.#phase = 'waiting';
    this.#reused = reused;
    this.clocks.sent();
  }

  onHeaders(status: number, headers: ResponseHeaders, statusText: string): void {
    if (this.#phase !== 'waiting') return;
    this.#phase = 'holding';
    this.head = { status, statusText, headers };
    this.#reading = chooseReading(status, headers, this.#terms);
    this.clocks.headed(this.watch !== undefined);
    if (this.watch !== undefined) return;
    this.#body.heldToEnd = this.#reading.json !== undefined;
    if (status < 300) this.#terms.onAnswering(this.clocks.elapsed, false);
  }

  onData(chunk: Uint8Array): void {
    if (this.#phase !== 'holding' && this.#phase !== 'flowing') return;
    this.#reading?.json?.observe(chunk);
    if (this.watch !== undefined) this.#observe(chunk);
    else this.#expectMore(this.#reading?.json !== undefined && isBlank(chunk));
    this.#body.accept(chunk);
    this.#consider();
  }

  onEnd(): void {
    if (this.#phase !== 'holding' && this.#phase !== 'flowing') return;
    this.#ended = true;
    this.#observe(undefined);
    const fault = judgeEnd(this.#reading, this.#terms);
    if (fault !== undefined) return this.#fail(this.#fault(fault));
    if (this.#phase === 'holding') this.#refuse(this.#reading?.json?.refusal(this.#body.joined()));
    this.#finish();
  }

  onError(error: Error): void {
    if (this.#phase === 'over') return;
    this.#ended = true;
    if (this.watch?.done) return this.#finish();
    const stale = this.#reused && this.#phase === 'waiting' && this.clocks.fresh;
    this.#fail(this.#terms.classify(error, this.#phase !== 'connecting', stale));
  }

  get complete(): Uint8Array | undefined {
    return this.#body.complete;
  }

  pipe(sink: BodySink): void {
    if (this.#body.pipe(sink)) this.resume();
  }

  resume(): void {
    if (!this.#body.resume() || this.#ended) return;
    // The idle clock stood still while the reader did.
    this.#expectMore();
    this.#call?.resume();
  }

  cancel(reason: 'caller-left' | 'abandoned' = 'caller-left'): void {
    this.end({ kind: 'neutral', reason });
  }

  /** Nothing can be repeated from here on, nor are headers read again: what they tell of the load is, with first content. */
  commit(): void {
    this.committed = true;
    if (this.watch?.answering !== false) this.head = { ...this.head, headers: NO_HEAD.headers };
    if (this.#phase === 'holding') this.#phase = 'flowing';
  }

  /** Ends the attempt from our side: closes the connection, frees the endpoint, and tells the reader why. */
  end(outcome: Outcome, error?: unknown): void {
    this.#phase = 'over';
    this.#hangUp();
    this.settlement.settle(outcome);
    this.settlement.decide({ kind: 'failure', outcome, passable: false });
    if (error !== undefined) this.#body.fail(error as Error);
    this.settlement.close();
  }

  /** Lets the stream's watch see a chunk, or the end, and acts on what it finds. */
  #observe(chunk: Uint8Array | undefined): void {
    const { watch } = this;
    if (watch === undefined) return;
    const answering = watch.answering;
    if (watch.observe(chunk, this.#terms.clock.now())) {
      if (!answering) this.#terms.onAnswering(this.clocks.content(), true);
      this.#expectMore();
    }
    const { refusal, problem } = watch;
    if (refusal !== undefined) this.#refuse(refusal);
    else if (watch.done) this.settlement.settle({ kind: 'success' });
    // At once: a caller who reads the events may leave before the end.
    else if (problem !== undefined && this.#phase === 'flowing') this.settlement.settle(this.#fault(problem));
  }

  /** The endpoint itself says that there is no answer. Better ask elsewhere, but it can be passed on as it is. */
  #refuse(outcome: Outcome | undefined): void {
    if (outcome === undefined) return;
    this.settlement.settle(outcome);
    if (this.#phase === 'holding') this.settlement.decide({ kind: 'failure', outcome, passable: true });
  }

  /** Decides whether what is held is enough to answer with. */
  #consider(): void {
    if (this.#phase !== 'holding') return;
    const verdict = judgeHeld(this.#reading, this.#body.bytes);
    if (verdict === 'answer') this.settlement.decide({ kind: 'answer' });
    else if (verdict !== 'hold') this.#fail(this.#fault(verdict));
  }

  /** The body is whole. A status of 400 or more is the request's to judge. */
  #finish(): void {
    this.#hangUp();
    if (this.head.status < 400) this.settlement.settle({ kind: 'success' });
    this.#body.finish();
    this.settlement.decide({ kind: 'answer' });
    this.settlement.close();
  }

  #fail(outcome: Outcome): void {
    this.failure = outcome;
    this.end(outcome, streamFailure(this.#terms.endpoint, outcome, this.#terms.timeouts));
  }

  onExpired(): void {
    if (this.watch?.done) return this.#finish();
    if (this.#body.paused) return this.#fail({ kind: 'neutral', reason: 'abandoned' });
    this.#fail(this.#fault(this.clocks.meaning));
  }

  onPause(): void {
    if (this.#ended) return;
    this.#call?.pause();
    this.clocks.unread();
  }

  #expectMore(blank = false): void {
    if (!this.#ended && !this.#body.paused) this.clocks.part(blank);
  }

  #fault(reason: FaultReason): Outcome {
    const sent = this.#phase !== 'connecting';
    return { kind: 'fault', reason, status: this.head.status || undefined, sent, error: undefined };
  }

  #hangUp(): void {
    this.clocks.stop();
    if (!this.#ended) this.#call?.abort();
    this.#ended = true;
  }
}
