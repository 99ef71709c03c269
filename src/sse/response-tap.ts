import type { TokenUsage } from '../core/events.js';
import type { BodySink, ReplyBody } from '../core/exchange.js';
import type { FaultReason, Outcome } from '../core/outcome.js';
import type { ResponseHeaders, TransportCall, TransportHandler } from '../core/transport.js';
import { answerUsage } from './answer-usage.js';
import { BodyDelivery } from './body-delivery.js';
import { chooseReading, type Reading } from './choose-reading.js';
import { expiredClock, isBlank, judgeEnd, judgeHeld, judgeStreamedError } from './judge-stream.js';
import { Settlement } from './settlement.js';
import { streamFailure } from './stream-failure.js';
import type { StreamWatch } from './stream-watch.js';
import { TapClocks } from './tap-clocks.js';
import type { AttemptResult, ResponseHead, TapTerms } from './tap-terms.js';

/** A server that had closed an idle connection lets us know within a round trip; later it died of something else. */
const STALE_WITHIN = 1_000;

/**
 * Stands between one attempt and the caller: holds back what comes before the first content, so that
 * the attempt can be repeated elsewhere; then passes every byte on untouched; and settles the attempt once.
 *
 * connecting → waiting (for headers) → holding → flowing → over
 */
export class ResponseTap implements TransportHandler, ReplyBody {
  readonly #terms: TapTerms;
  readonly #clocks: TapClocks;
  readonly #body = new BodyDelivery(() => this.#paused());
  /** Resolves once it can be decided whether to pass this attempt on. */
  readonly ready: Promise<AttemptResult>;
  #resolve: (result: AttemptResult) => void = () => {};
  #call: TransportCall | undefined;
  #phase: 'connecting' | 'waiting' | 'holding' | 'flowing' | 'over' = 'connecting';
  #reading: Reading | undefined;
  #reused = false;
  /** The endpoint has said its last. */
  #ended = false;
  head: ResponseHead = { status: 0, statusText: '', headers: {} };
  readonly settlement: Settlement;
  /** True once the caller is given this attempt's answer. */
  committed = false;

  constructor(terms: TapTerms) {
    this.#terms = terms;
    this.settlement = new Settlement((outcome) => terms.onSettled(outcome));
    this.ready = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#clocks = new TapClocks(terms, () => this.#expire());
  }

  /** Sends the request and starts the clocks. */
  start(send: (handler: TransportHandler) => TransportCall): void {
    const call = send(this);
    this.#call = call;
    if (this.#phase === 'over') call.abort();
    else if (this.#phase === 'connecting') this.#clocks.connecting();
  }

  /** Of a stream only. */
  get watch(): StreamWatch | undefined {
    return this.#reading?.watch;
  }

  /** Tokens as the endpoint reported them; read when asked for. */
  get usage(): TokenUsage | undefined {
    const json = this.#reading?.json === true && this.#ended;
    return json ? answerUsage(this.#body.joined()) : this.watch?.findings.usage;
  }

  onSent(reused: boolean): void {
    if (this.#phase !== 'connecting') return;
    this.#phase = 'waiting';
    this.#reused = reused;
    this.#clocks.sent();
  }

  onHeaders(status: number, headers: ResponseHeaders, statusText: string): void {
    if (this.#phase !== 'waiting') return;
    this.#phase = 'holding';
    this.head = { status, statusText, headers };
    this.#reading = chooseReading(status, headers, this.#terms);
    if (this.watch !== undefined) return this.#clocks.streams();
    this.#clocks.idle();
    if (status < 300) this.#terms.onAnswering(this.#clocks.elapsed, false);
  }

  onData(chunk: Uint8Array): void {
    if (this.#phase !== 'holding' && this.#phase !== 'flowing') return;
    if (this.watch === undefined) this.#expectMore(this.#reading?.json === true && isBlank(chunk));
    else this.#observe(chunk, this.#terms.clock.now());
    this.#body.accept(chunk);
    this.#consider();
  }

  onEnd(): void {
    if (this.#phase !== 'holding' && this.#phase !== 'flowing') return;
    this.#ended = true;
    this.#observe(undefined, this.#terms.clock.now());
    const fault = judgeEnd(this.#reading, () => this.#body.joined(), this.#terms);
    if (fault === undefined) this.#finish();
    else this.#fail(this.#fault(fault));
  }

  onError(error: Error): void {
    if (this.#phase === 'over') return;
    this.#ended = true;
    // The answer was whole before the connection broke: nobody lost anything.
    if (this.watch?.findings.done) return this.#finish();
    const stale = this.#reused && this.#phase === 'waiting' && this.#clocks.elapsed < STALE_WITHIN;
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

  /** From here on nothing can be repeated. */
  commit(): void {
    this.committed = true;
    if (this.#phase === 'holding') this.#phase = 'flowing';
  }

  /** Ends the attempt from our side: closes the connection, frees the endpoint, and tells the reader why. */
  end(outcome: Outcome, error?: unknown): void {
    this.#phase = 'over';
    this.#hangUp();
    this.settlement.settle(outcome);
    this.#resolve({ kind: 'failure', outcome, passable: false });
    if (error !== undefined) this.#body.fail(error as Error);
    this.settlement.close();
  }

  /** Lets the stream's watch see a chunk, or the end, and acts on what it finds. */
  #observe(chunk: Uint8Array | undefined, now: number): void {
    const { watch } = this;
    if (watch === undefined) return;
    const answering = watch.answering;
    if (watch.observe(chunk, now)) {
      if (!answering) this.#terms.onAnswering(this.#clocks.elapsed, true);
      this.#expectMore();
    }
    const { findings } = watch;
    if (findings.error !== undefined) {
      const outcome = judgeStreamedError(findings.error);
      if (this.#phase === 'holding') this.#resolve({ kind: 'failure', outcome, passable: true });
      else this.settlement.settle(outcome);
    } else if (findings.done && !findings.malformed) this.settlement.settle({ kind: 'success' });
  }

  /** Decides whether what is held is enough to answer with. */
  #consider(): void {
    if (this.#phase !== 'holding') return;
    const verdict = judgeHeld(this.#reading, this.#body.bytes);
    if (verdict === 'answer') this.#resolve({ kind: 'answer' });
    else if (verdict === 'malformed') this.#fail(this.#fault('malformed'));
  }

  /** The body is whole. A status of 400 or more is the request's to judge. */
  #finish(): void {
    this.#hangUp();
    if (this.watch?.findings.malformed) this.settlement.settle(this.#fault('malformed'));
    else if (this.head.status < 400) this.settlement.settle({ kind: 'success' });
    this.#body.finish();
    this.#resolve({ kind: 'answer' });
    this.settlement.close();
  }

  #fail(outcome: Outcome): void {
    this.#hangUp();
    this.settlement.settle(outcome);
    this.#phase = 'over';
    this.#body.fail(streamFailure(this.#terms.endpoint, outcome, this.#terms.timeouts));
    this.#resolve({ kind: 'failure', outcome, passable: false });
    this.settlement.close();
  }

  /** The clock has run out. Which one it was follows from the phase. */
  #expire(): void {
    // The terminator came but the connection stayed open: the answer is whole.
    if (this.watch?.findings.done) return this.#finish();
    if (this.#body.paused) return this.#fail({ kind: 'neutral', reason: 'abandoned' });
    this.#fail(this.#fault(expiredClock(this.#phase, this.watch !== undefined, this.#terms.streaming)));
  }

  #paused(): void {
    if (this.#ended) return;
    this.#call?.pause();
    this.#clocks.unread();
  }

  #expectMore(blank = false): void {
    if (!this.#ended && !this.#body.paused) this.#clocks.part(blank);
  }

  #fault(reason: FaultReason): Outcome {
    const sent = this.#phase !== 'connecting';
    return { kind: 'fault', reason, status: this.head.status || undefined, sent, error: undefined };
  }

  #hangUp(): void {
    this.#clocks.stop();
    if (!this.#ended) this.#call?.abort();
    this.#ended = true;
  }
}
