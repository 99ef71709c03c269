import type { Dispatcher, Pool } from 'undici';
import type {
  EndpointChannel,
  OpenChannel,
  ResponseHeaders,
  TransportCall,
  TransportHandler,
  TransportRequest,
} from '../core/transport.js';
import { loadPool } from './undici-pool.js';

/** Opens one undici Pool for an endpoint. With the loading, the only user of undici's, so that a new major is a small change. */
export const openUndiciChannel: OpenChannel = (url, { connectTimeout }) =>
  new UndiciChannel(new URL(url).origin, connectTimeout);

/** A piece of so many bytes is handed on as it is: to copy it would cost more than it saves. */
const LARGE = 4096;
const NOTHING: Buffer[] = [];
const handOn = (call: UndiciCall): void => call.flush();

class UndiciChannel implements EndpointChannel {
  /** Rejects only when undici cannot be loaded: each request then says so. */
  readonly #opened: Promise<Pool>;
  #pool: Pool | undefined;

  constructor(origin: string, connectTimeout: number) {
    this.#opened = this.#open(origin, connectTimeout);
    this.#opened.catch(() => {});
  }

  async #open(origin: string, connectTimeout: number): Promise<Pool> {
    const PoolClass = await loadPool();
    this.#pool = new PoolClass(origin, {
      // Connections are not limited here: a full undici pool queues out of our sight.
      connections: null,
      pipelining: 1,
      allowH2: false,
      // Our own clocks know tokens from keep-alives; undici's would cut long answers at 300 s.
      headersTimeout: 0,
      bodyTimeout: 0,
      connectTimeout,
    });
    return this.#pool;
  }

  send(request: TransportRequest, handler: TransportHandler): TransportCall {
    const call = new UndiciCall(handler);
    if (this.#pool !== undefined) call.sendBy(this.#pool, request);
    else {
      this.#opened.then(
        (pool) => call.sendBy(pool, request),
        (error) => call.onResponseError(undefined, error),
      );
    }
    return call;
  }

  // undici refuses both on a pool that is closed or destroyed already.
  async close(): Promise<void> {
    const pool = await this.#opened.catch(() => undefined);
    if (pool !== undefined && !pool.closed && !pool.destroyed) await pool.close();
  }

  async destroy(): Promise<void> {
    const pool = await this.#opened.catch(() => undefined);
    if (pool !== undefined && !pool.destroyed) await pool.destroy();
  }
}

/**
 * One request under way. A server that sends every event as an HTTP chunk of its own has hundreds of them in one read
 * of the socket: what comes in one turn of the event loop is handed on as one piece, at the end of that turn.
 */
class UndiciCall implements Dispatcher.DispatchHandler, TransportCall {
  readonly #handler: TransportHandler;
  #pieces: Buffer[] = NOTHING;
  #controller: Dispatcher.DispatchController | undefined;
  #over = false;
  /** Set once `dispatch` has returned: a request that went out before then used an open connection. */
  #dispatched = false;

  constructor(handler: TransportHandler) {
    this.#handler = handler;
  }

  sendBy(pool: Pool, { method, path, headers, body }: TransportRequest): void {
    // Given up while undici was being loaded.
    if (this.#over) return;
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
      this.onResponseError(undefined, error as Error);
    }
    this.#dispatched = true;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#over) controller.abort(new Error('The attempt was cancelled before it was sent'));
    else this.#handler.onSent(!this.#dispatched);
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: ResponseHeaders,
    statusText?: string,
  ): void {
    // 1xx answers precede the real one.
    if (!this.#over && status >= 200) this.#handler.onHeaders(status, headers, statusText ?? '');
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#over) return;
    if (chunk.byteLength >= LARGE) {
      this.flush();
      // What came before may have been the last that is wanted.
      this.#passOn(chunk);
    } else if (this.#pieces.length > 0) this.#pieces.push(chunk);
    else {
      this.#pieces = [chunk];
      process.nextTick(handOn, this);
    }
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

  onResponseEnd(): void {
    this.flush();
    if (this.#over) return;
    this.#over = true;
    this.#handler.onEnd();
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    this.flush();
    if (this.#over) return;
    this.#over = true;
    this.#handler.onError(error);
  }

  pause(): void {
    this.#controller?.pause();
  }

  resume(): void {
    this.#controller?.resume();
  }

  abort(): void {
    if (this.#over) return;
    this.#over = true;
    this.#controller?.abort(new Error('The attempt was cancelled'));
  }
}
