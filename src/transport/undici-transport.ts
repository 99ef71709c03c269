import type { Dispatcher, Pool } from 'undici';
import type {
  EndpointChannel,
  OpenChannel,
  TransportCall,
  TransportHandler,
  TransportRequest,
} from '../core/transport.js';
import { loadUndici, type UndiciParts } from './undici-parts.js';

/** Opens one undici Pool for an endpoint. With the loading, the only user of undici's, so that a new major is a small change. */
export const openUndiciChannel: OpenChannel = (url, { connectTimeout }) =>
  new UndiciChannel(new URL(url).origin, connectTimeout);

/** What a request is sent with. */
interface OpenPool {
  readonly pool: Pool;
  readonly parseHeaders: UndiciParts['parseHeaders'];
}

/** A piece of so many bytes is handed on as it is: to copy it would cost more than it saves. */
const LARGE = 4096;
const NOTHING: Buffer[] = [];
const handOn = (call: UndiciCall): void => call.flush();

class UndiciChannel implements EndpointChannel {
  /** Rejects only when undici cannot be loaded: each request then says so. */
  readonly #opened: Promise<OpenPool>;
  #open: OpenPool | undefined;

  constructor(origin: string, connectTimeout: number) {
    this.#opened = this.#load(origin, connectTimeout);
    this.#opened.catch(() => {});
  }

  async #load(origin: string, connectTimeout: number): Promise<OpenPool> {
    const undici = await loadUndici();
    const pool = new undici.Pool(origin, {
      // Connections are not limited here: a full undici pool queues out of our sight.
      connections: null,
      pipelining: 1,
      allowH2: false,
      // Our own clocks know tokens from keep-alives; undici's would cut long answers at 300 s.
      headersTimeout: 0,
      bodyTimeout: 0,
      connectTimeout,
    });
    this.#open = { pool, parseHeaders: undici.parseHeaders };
    return this.#open;
  }

  send(request: TransportRequest, handler: TransportHandler): TransportCall {
    const call = new UndiciCall(handler);
    if (this.#open !== undefined) call.sendBy(this.#open, request);
    else {
      this.#opened.then(
        (open) => call.sendBy(open, request),
        (error) => call.onError(error),
      );
    }
    return call;
  }

  // undici refuses both on a pool that is closed or destroyed already.
  async close(): Promise<void> {
    const open = await this.#opened.catch(() => undefined);
    if (open !== undefined && !open.pool.closed && !open.pool.destroyed) await open.pool.close();
  }

  async destroy(): Promise<void> {
    const open = await this.#opened.catch(() => undefined);
    if (open !== undefined && !open.pool.destroyed) await open.pool.destroy();
  }
}

/**
 * One request under way. A server that sends every event as an HTTP chunk of its own has hundreds of them in one read
 * of the socket: what comes in one turn of the event loop is handed on as one piece, at the end of that turn.
 *
 * A handler of undici 6, as those of undici 7's own APIs are: for one of the newer kind it makes a controller, and reads
 * headers and trailers whether they are wanted or not.
 */
class UndiciCall implements Dispatcher.DispatchHandler, TransportCall {
  readonly #handler: TransportHandler;
  #pieces: Buffer[] = NOTHING;
  #parseHeaders: OpenPool['parseHeaders'] | undefined;
  #abort: ((reason: Error) => void) | undefined;
  #resume: (() => void) | undefined;
  #paused = false;
  #over = false;
  /** Set once `dispatch` has returned: a request that went out before then used an open connection. */
  #dispatched = false;

  constructor(handler: TransportHandler) {
    this.#handler = handler;
  }

  sendBy({ pool, parseHeaders }: OpenPool, { method, path, headers, body }: TransportRequest): void {
    // Given up while undici was being loaded.
    if (this.#over) return;
    this.#parseHeaders = parseHeaders;
    try {
      pool.dispatch(
        {
          method: method as Dispatcher.HttpMethod,
          path,
          headers,
          body: body as Dispatcher.DispatchOptions['body'],
        },
        this,
      );
    } catch (error) {
      this.onError(error as Error);
    }
    this.#dispatched = true;
  }

  onConnect(abort: (reason?: Error) => void): void {
    this.#abort = abort;
    if (this.#over) abort(new Error('The attempt was cancelled before it was sent'));
    else this.#handler.onSent(!this.#dispatched);
  }

  onHeaders(status: number, headers: Buffer[], resume: () => void, statusText: string): boolean {
    this.#resume = resume;
    // 1xx answers precede the real one.
    if (!this.#over && status >= 200)
      this.#handler.onHeaders(status, this.#parseHeaders?.(headers) ?? {}, statusText);
    return !this.#paused;
  }

  onData(chunk: Buffer): boolean {
    if (this.#over) return true;
    if (chunk.byteLength >= LARGE) {
      this.flush();
      // What came before may have been the last that is wanted.
      this.#passOn(chunk);
    } else if (this.#pieces.length > 0) this.#pieces.push(chunk);
    else {
      this.#pieces = [chunk];
      process.nextTick(handOn, this);
    }
    return !this.#paused;
  }

  /** Hands on what has come. */
  flush(): void {
    const pieces = this.#pieces;
    const [only] = pieces;
    if (only === undefined) return;
    this.#pieces = NOTHING;
    this.#passOn(pieces.length === 1 ? only : Buffer.concat(pieces));
  }

  #passOn(bytes: Buffer): void {
    if (!this.#over) this.#handler.onData(bytes);
  }

  onComplete(): void {
    this.flush();
    if (this.#over) return;
    this.#over = true;
    this.#handler.onEnd();
  }

  onError(error: Error): void {
    this.flush();
    if (this.#over) return;
    this.#over = true;
    this.#handler.onError(error);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#resume?.();
  }

  abort(): void {
    if (this.#over) return;
    this.#over = true;
    this.#abort?.(new Error('The attempt was cancelled'));
  }
}
