import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { systemClock } from '../../system.js';

const HOST = '127.0.0.1';
const LISTEN_ATTEMPTS = 40;
const LISTEN_RETRY_DELAY = 50;

/** A listening socket that can be closed and opened again on the same port, and the sockets it accepted. */
export class Listener {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #port: number;
  #opened = false;
  #work: Promise<void> = Promise.resolve();

  constructor(
    port: number,
    keepAliveTimeout: number,
    handlers: { request: RequestListener; connections(change: 1 | -1): void },
  ) {
    this.#port = port;
    // No limit on how long an upload may take: a fault has to be asked for.
    this.#server = createServer({ keepAliveTimeout, requestTimeout: 0 }, handlers.request);
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      handlers.connections(1);
      socket.once('close', () => {
        this.#sockets.delete(socket);
        handlers.connections(-1);
      });
    });
  }

  get port(): number {
    return this.#port;
  }

  /** Resolves when all `open` and `close` calls so far have taken effect. */
  get ready(): Promise<void> {
    return this.#work;
  }

  open(): Promise<void> {
    return this.#next(() => (this.#server.listening ? undefined : this.#listen(LISTEN_ATTEMPTS)));
  }

  /** Refuses new connections and closes idle ones. At once, unless an `open` is still on its way. */
  close(): Promise<void> {
    if (!this.#server.listening) return this.#next(() => void this.#server.close());
    this.#server.close();
    this.#server.closeIdleConnections();
    return this.#work;
  }

  destroySockets(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** One step after another; a failed one is for those who asked for it and for `ready`. */
  #next(step: () => Promise<void> | undefined): Promise<void> {
    this.#work = this.#work.catch(() => {}).then(step);
    return this.#work;
  }

  async #listen(attempts: number): Promise<void> {
    try {
      this.#server.listen(this.#port, HOST);
      await once(this.#server, 'listening');
      this.#port = (this.#server.address() as AddressInfo).port;
      this.#opened = true;
    } catch (error) {
      // While the port was free, a client may have been given it for an outgoing connection.
      const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
      if (!taken || !this.#opened || attempts <= 1) throw error;
      await new Promise<void>((resolve) => systemClock.setTimer(resolve, LISTEN_RETRY_DELAY));
      await this.#listen(attempts - 1);
    }
  }
}
