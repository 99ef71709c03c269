import type { Timer } from '../../core/clock.js';
import type { Roster, Rostered } from '../../core/roster.js';
import type { ResponseHeaders, TransportCall, TransportHandler } from '../../core/transport.js';
import type { VirtualClock } from '../virtual-clock.js';

/** One of a virtual server's connections, over which it may be called many times at once. */
export interface VirtualConnection {
  /** Calls under way, over all connections of the server. */
  readonly calls: Roster<VirtualCall>;
}

/** One exchange of a virtual server. What is over is deaf and dumb. */
export class VirtualCall implements TransportCall, Rostered {
  readonly #handler: TransportHandler;
  readonly #clock: VirtualClock;
  readonly connection: VirtualConnection;
  #timer: Timer | undefined;
  onAbort: () => void = () => {};
  place = -1;
  over = false;

  constructor(handler: TransportHandler, clock: VirtualClock, connection: VirtualConnection) {
    this.#handler = handler;
    this.#clock = clock;
    this.connection = connection;
    connection.calls.add(this);
  }

  pause(): void {}

  resume(): void {}

  abort(): void {
    if (this.over) return;
    this.#end();
    this.onAbort();
  }

  later(act: () => void, delay: number): void {
    this.#timer = this.#clock.schedule(() => {
      if (!this.over) act();
    }, delay);
  }

  sent(): void {
    this.#handler.onSent(true);
  }

  headers(status: number, headers: ResponseHeaders): void {
    if (!this.over) this.#handler.onHeaders(status, headers, '');
  }

  data(bytes: Uint8Array): void {
    if (this.over) return;
    this.#clock.stir();
    this.#handler.onData(bytes);
  }

  end(): void {
    if (this.over) return;
    this.#end();
    this.#handler.onEnd();
  }

  answer(status: number, headers: ResponseHeaders, body: string): void {
    this.headers(status, headers);
    this.data(Buffer.from(body));
    this.end();
  }

  fail(code: string): void {
    if (this.over) return;
    this.#end();
    this.#handler.onError(Object.assign(new Error(`simulated: ${code}`), { code }));
  }

  #end(): void {
    this.over = true;
    this.#timer?.close();
    this.#clock.stir();
    this.connection.calls.delete(this);
  }
}
