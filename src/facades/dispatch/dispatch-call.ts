import { asBuffer } from '../../core/as-buffer.js';
import type { BalancedReply, BodySink, ReplyBody } from '../../core/exchange.js';
import type { Rostered } from '../../core/roster.js';
import { CallerSignal } from '../proxy/caller-signal.js';

/**
 * One dispatched request, from the handler's side: tells it each thing once and in order, nothing while it has
 * asked for a pause but errors, and nothing after the end.
 */
export abstract class DispatchCall implements BodySink, Rostered {
  place = -1;
  readonly caller = new CallerSignal();
  readonly #onOver: (call: DispatchCall) => void;
  #body: ReplyBody | undefined;
  #piped = false;
  /** What came during a pause, though it was asked for before. */
  #held: Uint8Array[] = [];
  #ended = false;
  #over = false;
  #reason: Error | null = null;
  #paused = false;

  /** @param onOver called once, when the handler has heard its last */
  constructor(onOver: (call: DispatchCall) => void) {
    this.#onOver = onOver;
  }

  get aborted(): boolean {
    return this.#reason !== null;
  }

  get reason(): Error | null {
    return this.#reason;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** Tells the handler that its request begins. @returns false when it wants none any more */
  start(): boolean {
    try {
      this.tellStart();
    } catch (error) {
      this.abort(error as Error);
    }
    return !this.#over;
  }

  answer(reply: BalancedReply): void {
    if (this.#over) return reply.body.cancel();
    this.#body = reply.body;
    try {
      this.tellHead(reply);
    } catch (error) {
      return this.abort(error as Error);
    }
    if (!this.#over && !this.#paused) this.#pipe(reply.body);
  }

  write(chunk: Uint8Array): boolean {
    if (this.#paused) this.#held.push(chunk);
    else this.#deliver(chunk);
    return !this.#paused;
  }

  end(): void {
    this.#ended = true;
    if (!this.#paused) this.#complete();
  }

  /** The handler hears of it at once, pause or not. */
  fail(error: Error): void {
    if (!this.#finish()) return;
    this.tellError(error);
  }

  /** The handler's own wish: it hears the reason, then the request is given up wherever it is. */
  abort(reason: Error): void {
    if (this.#over) return;
    this.#reason = reason;
    this.fail(reason);
    this.caller.abort(reason);
    this.#body?.cancel();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused || this.#over) return;
    this.#paused = false;
    const body = this.#body;
    if (body === undefined) return;
    if (!this.#piped) return this.#pipe(body);
    for (let chunk = this.#held.shift(); chunk !== undefined; chunk = this.#held.shift()) {
      this.#deliver(chunk);
      if (this.#paused) return;
    }
    if (this.#ended) this.#complete();
    else body.resume();
  }

  /** Each may throw what the handler throws. */
  protected abstract tellStart(): void;
  protected abstract tellHead(reply: BalancedReply): void;
  protected abstract tellData(chunk: Buffer): void;
  protected abstract tellEnd(): void;
  protected abstract tellError(error: Error): void;

  #pipe(body: ReplyBody): void {
    this.#piped = true;
    const { complete } = body;
    if (complete === undefined) return body.pipe(this);
    if (complete.byteLength > 0) this.write(complete);
    this.end();
  }

  #deliver(chunk: Uint8Array): void {
    if (this.#over) return;
    try {
      this.tellData(asBuffer(chunk));
    } catch (error) {
      this.abort(error as Error);
    }
  }

  #complete(): void {
    if (!this.#finish()) return;
    try {
      this.tellEnd();
    } catch (error) {
      this.tellError(error as Error);
    }
  }

  /** @returns false when it was over before */
  #finish(): boolean {
    if (this.#over) return false;
    this.#over = true;
    this.#held = [];
    this.#onOver(this);
    return true;
  }
}
