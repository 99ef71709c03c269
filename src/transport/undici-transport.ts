import { type Dispatcher, Pool } from 'undici';
import type {
  EndpointChannel,
  OpenChannel,
  ResponseHeaders,
  TransportCall,
  TransportHandler,
  TransportRequest,
} from '../core/transport.js';

/** Opens one undici Pool for an endpoint. The only importer of undici, so that a new major is a one-file change. */
export const openUndiciChannel: OpenChannel = (url, { connectTimeout }) =>
  new UndiciChannel(new URL(url).origin, connectTimeout);

/** A piece of so many bytes is handed on as it is: to copy it would cost more than it saves. */
const LARGE = 4096;
const NOTHING: Buffer[] = [];
const handOn = (call: UndiciCall): void => call.flush();

class UndiciChannel implements EndpointChannel {
  readonly #pool: Pool;

  constructor(origin: string, connectTimeout: number) {
    this.#pool = new Pool(origin, {
      // Connections are not limited here: a full undici pool queues out of our sight.
      connections: null,
      pipelining: 1,
      allowH2: false,
      // Our own clocks know tokens from keep-alives; undici's would cut long answers at 300 s.
      headersTimeout: 0,
      bodyTimeout: 0,
      connectTimeout,
    });
  }

  send(request: TransportRequest, handler: TransportHandler): TransportCall {
    const call = new UndiciCall(handler);
    try {
      this.#pool.dispatch(
        {
          method: request.method as Dispatcher.HttpMethod,
          path: request.path,
          headers: request.headers,
          body: request.body as Dispatcher.DispatchOptions['body'],
        },
        call,
      );
    } catch (error) {
      call.onResponseError(undefined, error as Error);
    }
    call.dispatched = true;
    return call;
  }

  // undici refuses both on a pool that is closed or destroyed already.
  async close(): Promise<void> {
    if (!this.#pool.closed && !this.#pool.destroyed) await this.#pool.close();
  }

  async destroy(): Promise<void> {
    if (!this.#pool.destroyed) await this.#pool.destroy();
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
  dispatched = false;

  constructor(handler: TransportHandler) {
    this.#handler = handler;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#over) controller.abort(new Error('The attempt was cancelled before it was sent'));
    else this.#handler.onSent(!this.dispatched);
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
