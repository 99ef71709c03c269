import { type Dispatcher, Pool, util } from 'undici';
import type {
  EndpointChannel,
  OpenChannel,
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
      call.onError(error as Error);
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
 *
 * A handler of undici 6, as those of undici 7's own APIs are: for one of the newer kind it makes a controller, and reads
 * headers and trailers whether they are wanted or not.
 */
class UndiciCall implements Dispatcher.DispatchHandler, TransportCall {
  readonly #handler: TransportHandler;
  #pieces: Buffer[] = NOTHING;
  #abort: ((reason: Error) => void) | undefined;
  #resume: (() => void) | undefined;
  #paused = false;
  #over = false;
  /** Set once `dispatch` has returned: a request that went out before then used an open connection. */
  dispatched = false;

  constructor(handler: TransportHandler) {
    this.#handler = handler;
  }

  onConnect(abort: (reason?: Error) => void): void {
    this.#abort = abort;
    if (this.#over) abort(new Error('The attempt was cancelled before it was sent'));
    else this.#handler.onSent(!this.dispatched);
  }

  onHeaders(status: number, headers: Buffer[], resume: () => void, statusText: string): boolean {
    this.#resume = resume;
    // 1xx answers precede the real one.
    if (!this.#over && status >= 200) this.#handler.onHeaders(status, util.parseHeaders(headers), statusText);
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
