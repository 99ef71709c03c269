import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock, Timer } from '../../core/clock.js';
import type { RequestEntry } from './request-log.js';

/** One request and its answer in progress. Ends once, with the outcome written to the record. */
export class Exchange {
  readonly entry: RequestEntry;
  readonly response: ServerResponse;
  readonly #clock: Clock;
  readonly #cleanups: (() => void)[] = [];
  /** Resolves when the exchange is over. */
  readonly over: Promise<void>;
  #brokenOff = false;
  #timer: Timer | undefined;
  #held = false;

  constructor(request: IncomingMessage, response: ServerResponse, clock: Clock) {
    const url = request.url ?? '/';
    const query = url.indexOf('?');
    this.response = response;
    this.#clock = clock;
    this.over = new Promise((resolve) => this.onClose(resolve));
    this.entry = {
      method: request.method ?? 'GET',
      path: query < 0 ? url : url.slice(0, query),
      url,
      headers: request.headers,
      body: undefined,
      rawBody: Buffer.alloc(0),
      fault: undefined,
      outcome: 'open',
      closedEarly: false,
      tokens: 0,
    };
  }

  /** True once the server has decided never to finish it. */
  get held(): boolean {
    return this.#held;
  }

  /** Runs when the exchange is over, however it ended. */
  onClose(cleanup: () => void): void {
    this.#cleanups.push(cleanup);
  }

  /** Called when the response has closed. */
  close(): void {
    this.#timer?.close();
    this.entry.outcome = this.#brokenOff
      ? 'broken'
      : this.response.writableFinished
        ? 'completed'
        : 'aborted';
    this.entry.closedEarly = this.entry.outcome === 'aborted';
    for (const cleanup of this.#cleanups) cleanup();
  }

  /** Sends a whole answer in one write. */
  send(status: number, headers: Readonly<Record<string, string>>, body: string): void {
    const length = String(Buffer.byteLength(body));
    this.response.writeHead(status, { ...headers, 'content-length': length }).end(body);
  }

  /** Writes what is left, then closes the connection (FIN) without ending the answer. */
  cut(rest: string): void {
    this.#afterWriting(rest, () => this.response.socket?.destroy());
  }

  /** Resets the connection (RST), after the headers when they have been written. */
  reset(): void {
    this.#afterWriting('', () => this.response.socket?.resetAndDestroy());
  }

  /** Sends raw bytes over the connection in place of an answer. */
  garble(bytes: string): void {
    this.#brokenOff = true;
    this.response.socket?.end(bytes, 'latin1', () => this.response.socket?.destroy());
  }

  /** Breaks off at once, as a killed process does. */
  kill(): void {
    this.#brokenOff = true;
    this.response.socket?.destroy();
  }

  /** Writes what is given and leaves the answer open for ever. */
  hold(rest = ''): void {
    this.#held = true;
    if (rest !== '') this.response.write(rest);
  }

  /** `callback` after `delay` ms unless the exchange is over by then. One timer at a time. */
  later(delay: number, callback: () => void): void {
    this.#timer = this.#clock.setTimer(callback, delay);
  }

  /** Writes `text` now and every `interval` ms, `count` times in all, then calls `done`. */
  repeat(text: string, interval: number, count: number, done: () => void): void {
    if (count <= 0) return done();
    this.response.write(text);
    this.later(interval, () => this.repeat(text, interval, count - 1, done));
  }

  #afterWriting(rest: string, action: () => void): void {
    this.#brokenOff = true;
    // Destroying in the same tick would lose what the socket has not been given yet.
    if (rest !== '') this.response.write(rest, action);
    else if (this.response.headersSent) setImmediate(action);
    else action();
  }
}
