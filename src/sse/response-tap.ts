import type { Clock } from '../core/clock.js';
import type { BodySink, ReplyBody } from '../core/exchange.js';
import type { FaultReason, Outcome } from '../core/outcome.js';
import type { Timeouts } from '../core/timeouts.js';
import type { ResponseHeaders, TransportCall, TransportHandler } from '../core/transport.js';
import { StreamError } from '../errors.js';
import { chooseReading, type Reading } from './choose-reading.js';
import { HeldBytes } from './held-bytes.js';
import { judgeEnd, judgeStreamedError } from './judge-stream.js';
import type { StreamFindings } from './stream-findings.js';
import { Watchdog } from './watchdog.js';

/** An answer bigger than this is passed on before it is complete. */
const HOLD_LIMIT = 64 * 1024;

/** The terms on which one attempt is watched. */
export interface TapTerms {
  readonly endpoint: string;
  readonly clock: Clock;
  readonly timeouts: Timeouts;
  /** The caller asked for a stream. */
  readonly streaming: boolean;
  /** The path is one whose protocol is known: its stream must end with a terminator, its answer must be JSON. */
  readonly inference: boolean;
  /** Makes a transport error into an outcome. */
  classify(error: Error, sent: boolean, reused: boolean): Outcome;
  /** The first content of a stream, or the headers of any other 2xx answer. */
  onAnswering(elapsed: number, streamed: boolean): void;
  /** Exactly once. */
  onSettled(outcome: Outcome): void;
}

/** How an attempt stands when the request has to decide: pass it on, or try again. */
export type AttemptResult =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly statusText: string;
      readonly headers: ResponseHeaders;
    }
  | {
      readonly kind: 'failure';
      readonly outcome: Outcome;
      /** True when what has come may still be passed on as it is: an error event in a stream. */
      readonly passable: boolean;
    };

/**
 * Stands between one attempt and the caller: holds back what comes before the first content, so that
 * the attempt can be repeated elsewhere; then passes every byte on untouched; and settles the attempt once.
 */
export class ResponseTap implements TransportHandler, ReplyBody {
  readonly #terms: TapTerms;
  readonly #watchdog: Watchdog;
  readonly #held = new HeldBytes();
  readonly ready: Promise<AttemptResult>;
  #resolve: (result: AttemptResult) => void = () => {};
  #call: TransportCall | undefined;
  #phase: 'connecting' | 'waiting' | 'holding' | 'flowing' | 'over' = 'connecting';
  #reading: Reading | undefined;
  #sink: BodySink | undefined;
  #paused = false;
  /** `undefined` until settled. */
  outcome: Outcome | undefined;
  /** True once the caller has been given part of this attempt. */
  committed = false;
  #closed = false;
  #afterClose: (() => void) | undefined;
  #upstreamEnded = false;
  #failure: Error | undefined;
  #reused = false;
  #startedAt: number;
  #firstContentAt = 0;
  #lastContentAt = 0;
  status = 0;
  statusText = '';
  headers: ResponseHeaders = {};

  constructor(terms: TapTerms) {
    this.#terms = terms;
    this.ready = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    const { clock, timeouts } = terms;
    this.#startedAt = clock.now();
    this.#watchdog = new Watchdog(clock, timeouts.idle, () => this.#expire());
  }

  /** Starts the clocks. `send` must call the handler, at once or later. */
  start(send: (handler: TransportHandler) => TransportCall): void {
    const call = send(this);
    this.#call = call;
    if (this.#phase === 'over') call.abort();
    else if (this.#phase === 'connecting') {
      this.#watchdog.expect(this.#startedAt + this.#terms.timeouts.connect, this.#startedAt);
    }
  }

  get findings(): StreamFindings | undefined {
    return this.#reading?.tap?.findings;
  }

  /** Mean milliseconds between content events. */
  get tokenInterval(): number | undefined {
    const events = this.findings?.contentEvents ?? 0;
    return events > 1 ? (this.#lastContentAt - this.#firstContentAt) / (events - 1) : undefined;
  }

  get complete(): Uint8Array | undefined {
    return this.#upstreamEnded && this.#failure === undefined && this.#sink === undefined
      ? this.#held.join()
      : undefined;
  }

  // --- what the transport tells

  onSent(reused: boolean): void {
    if (this.#phase !== 'connecting') return;
    this.#phase = 'waiting';
    this.#reused = reused;
    const { clock, timeouts, streaming } = this.#terms;
    this.#startedAt = clock.now();
    this.#watchdog.expect(
      this.#startedAt + (streaming ? timeouts.firstToken : timeouts.response),
      this.#startedAt,
    );
  }

  onHeaders(status: number, headers: ResponseHeaders, statusText: string): void {
    if (this.#phase !== 'waiting') return;
    this.#phase = 'holding';
    this.status = status;
    this.statusText = statusText;
    this.headers = headers;
    this.#reading = chooseReading(status, headers, this.#terms);
    const { clock, timeouts, streaming, onAnswering } = this.#terms;
    const now = clock.now();
    if (this.#reading.tap === undefined) {
      this.#watchdog.expect(now + timeouts.idle, now);
      if (status < 300) onAnswering.call(this.#terms, now - this.#startedAt, false);
    } else if (!streaming) {
      this.#watchdog.expect(now + timeouts.firstToken, now);
    }
  }

  onData(chunk: Uint8Array): void {
    if (this.#phase !== 'holding' && this.#phase !== 'flowing') return;
    const now = this.#terms.clock.now();
    this.#watch(chunk, now);
    if (this.#sink === undefined) {
      this.#held.push(chunk);
      this.#consider(now);
    } else if (!this.#sink.write(chunk)) {
      this.#pause(now);
    }
  }

  onEnd(): void {
    if (this.#phase !== 'holding' && this.#phase !== 'flowing') return;
    const now = this.#terms.clock.now();
    this.#upstreamEnded = true;
    this.#watchdog.stop();
    this.#watch(undefined, now);
    const fault = judgeEnd(this.#reading, this.#held, this.#terms);
    if (fault === undefined) this.#finish();
    else this.#fail(this.#fault(fault), `ended without its terminator`);
  }

  onError(error: Error): void {
    if (this.#phase === 'over') return;
    this.#upstreamEnded = true;
    // The answer was whole before the connection broke: nobody lost anything.
    if (this.findings?.done) return this.#finish();
    const sent = this.#phase !== 'connecting';
    const answered = this.#phase === 'holding' || this.#phase === 'flowing';
    this.#fail(this.#terms.classify(error, sent, this.#reused && !answered), 'connection broke', error);
  }

  // --- what the caller's side asks

  pipe(sink: BodySink): void {
    if (this.#phase === 'over' && !this.#upstreamEnded)
      return sink.fail(this.#failure ?? this.#broken('was closed'));
    this.#sink = sink;
    let open = true;
    for (const chunk of this.#held.take()) open = sink.write(chunk);
    if (!this.#upstreamEnded) {
      if (!open) this.#pause(this.#terms.clock.now());
      return;
    }
    if (this.#failure === undefined) sink.end();
    else sink.fail(this.#failure);
    this.#close();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    const now = this.#terms.clock.now();
    // The idle clock stood still while the reader did.
    this.#watchdog.expect(now + this.#terms.timeouts.idle, now);
    this.#call?.resume();
  }

  cancel(reason: 'caller-left' | 'abandoned' = 'caller-left'): void {
    this.end({ kind: 'neutral', reason });
  }

  // --- what the request decides

  /** From here on nothing can be repeated. */
  commit(): void {
    this.committed = true;
    if (this.#phase === 'holding') this.#phase = 'flowing';
  }

  /** Settles with an outcome that the request has judged: a status, or a failure it will not repeat. */
  conclude(outcome: Outcome): void {
    this.#settle(outcome);
    if (this.#upstreamEnded) this.#watchdog.stop();
  }

  /** Calls back once nothing is left to do for this attempt: now, or when the body is over. */
  afterClose(callback: () => void): void {
    if (this.#closed) callback();
    else this.#afterClose = callback;
  }

  /** Ends the attempt from our side: closes the connection and frees the endpoint. */
  end(outcome: Outcome, error?: unknown): void {
    const flowing = this.#phase === 'flowing';
    this.#phase = 'over';
    this.#watchdog.stop();
    if (!this.#upstreamEnded) this.#call?.abort();
    this.#settle(outcome);
    this.#resolve({ kind: 'failure', outcome, passable: false });
    if (flowing && error !== undefined && !this.#closed) {
      this.#failure = error as Error;
      this.#sink?.fail(error as Error);
    }
    this.#close();
  }

  // --- inside

  /** Lets the stream's tap see a chunk, or its end, and acts on what it finds. */
  #watch(chunk: Uint8Array | undefined, now: number): void {
    const reading = this.#reading;
    if (reading?.tap === undefined) {
      if (chunk !== undefined && this.#phase === 'flowing' && !this.#paused) this.#expectMore(now);
      return;
    }
    const { tap } = reading;
    const { findings } = tap;
    const before = findings.contentEvents;
    try {
      if (chunk === undefined) tap.end();
      else tap.observe(chunk);
    } catch {
      // Observation may fail; passthrough may not.
      findings.blind = true;
    }
    if (findings.contentEvents > before || findings.blind) this.#noteContent(before, now);
    if (findings.error !== undefined) this.#noteError(judgeStreamedError(findings.error));
    else if (findings.done && !findings.malformed) this.#settle({ kind: 'success' });
  }

  #noteContent(before: number, now: number): void {
    if (before === 0 && this.#firstContentAt === 0) {
      this.#firstContentAt = now;
      this.#terms.onAnswering(now - this.#startedAt, true);
    }
    this.#lastContentAt = now;
    if (!this.#upstreamEnded && !this.#paused) this.#expectMore(now);
  }

  #expectMore(now: number): void {
    this.#watchdog.expect(now + this.#terms.timeouts.idle, now);
  }

  #noteError(outcome: Outcome): void {
    if (this.#phase === 'holding') this.#resolve({ kind: 'failure', outcome, passable: true });
    else this.#settle(outcome);
  }

  /** Decides whether what is held is enough to answer with. */
  #consider(now: number): void {
    if (this.#phase !== 'holding') return;
    const findings = this.findings;
    const full = this.#held.bytes > HOLD_LIMIT;
    if (findings === undefined) {
      if (this.#reading?.collect && !full) this.#expectMore(now);
      else this.#answer();
    } else if (findings.malformed && findings.contentEvents === 0) {
      this.#fail(this.#fault('malformed'), 'sent a malformed event');
    } else if (findings.contentEvents > 0 || findings.done || findings.finished || findings.blind || full) {
      this.#answer();
    }
  }

  #answer(): void {
    const { status, statusText, headers } = this;
    this.#resolve({ kind: 'answer', status, statusText, headers });
  }

  /** The body is whole. A status of 300 or more is the request's to judge. */
  #finish(): void {
    this.#watchdog.stop();
    if (this.findings?.malformed) this.#settle(this.#fault('malformed'));
    else if (this.status < 300) this.#settle({ kind: 'success' });
    this.#answer();
    if (this.#sink !== undefined) {
      this.#phase = 'over';
      this.#sink.end();
    }
    // Without a sink the rest is in memory: it costs the endpoint nothing more.
    this.#close();
  }

  #fail(outcome: Outcome, what: string, cause?: Error): void {
    this.#watchdog.stop();
    if (!this.#upstreamEnded) this.#call?.abort();
    this.#upstreamEnded = true;
    this.#settle(outcome);
    this.#failure = this.#broken(what, outcome, cause);
    const flowing = this.#phase === 'flowing';
    this.#phase = 'over';
    this.#resolve({ kind: 'failure', outcome, passable: false });
    if (!flowing) return this.#close();
    if (this.#sink === undefined) return;
    this.#sink.fail(this.#failure);
    this.#close();
  }

  #expire(): void {
    if (this.findings?.done) {
      // The terminator came but the connection did not end: the answer is whole.
      this.#call?.abort();
      this.#upstreamEnded = true;
      return this.#finish();
    }
    const { timeouts, streaming } = this.#terms;
    if (this.#paused) {
      this.#call?.abort();
      this.#upstreamEnded = true;
      this.end(
        { kind: 'neutral', reason: 'abandoned' },
        new StreamError(
          'BODY_ABANDONED',
          `The body was not read for ${timeouts.unread} ms (timeouts.unread)`,
          this.#terms.endpoint,
        ),
      );
    } else if (this.#phase === 'connecting') {
      this.#fail(this.#fault('timeout-connect'), 'did not connect');
    } else if (this.#phase === 'waiting' || (this.#phase === 'holding' && this.findings !== undefined)) {
      this.#fail(
        this.#fault(streaming || this.#phase === 'holding' ? 'timeout-first-token' : 'timeout-response'),
        'did not answer',
      );
    } else {
      this.#fail(this.#fault('stall'), `sent nothing for ${timeouts.idle} ms (timeouts.idle)`);
    }
  }

  #pause(now: number): void {
    if (this.#upstreamEnded) return;
    this.#paused = true;
    this.#call?.pause();
    this.#watchdog.expect(now + this.#terms.timeouts.unread, now);
  }

  #fault(reason: FaultReason): Outcome {
    return {
      kind: 'fault',
      reason,
      status: this.status || undefined,
      sent: this.#phase !== 'connecting',
      error: undefined,
    };
  }

  #broken(what: string, outcome?: Outcome, cause?: Error): StreamError {
    const reason = outcome?.kind === 'fault' ? outcome.reason : 'reset';
    const code =
      reason === 'stall'
        ? 'STREAM_STALLED'
        : reason === 'truncated'
          ? 'STREAM_TRUNCATED'
          : reason === 'reset'
            ? 'STREAM_RESET'
            : 'STREAM_PROTOCOL';
    return new StreamError(
      code,
      `The answer of endpoint ${this.#terms.endpoint} broke off: it ${what}`,
      this.#terms.endpoint,
      { cause },
    );
  }

  #settle(outcome: Outcome): void {
    if (this.outcome !== undefined) return;
    this.outcome = outcome;
    this.#terms.onSettled(outcome);
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#afterClose?.();
  }
}
