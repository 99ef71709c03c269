import type { Timer } from '../core/clock.js';
import type { ResponseHeaders, TransportCall, TransportHandler } from '../core/transport.js';
import type { VirtualClock } from './virtual-clock.js';

/** One exchange of a virtual server. What is over is deaf and dumb. */
export class VirtualCall implements TransportCall {
  readonly #handler: TransportHandler;
  readonly #clock: VirtualClock;
  readonly #onOver: (call: VirtualCall) => void;
  #timer: Timer | undefined;
  onAbort: () => void = () => {};
  over = false;

  constructor(handler: TransportHandler, clock: VirtualClock, onOver: (call: VirtualCall) => void) {
    this.#handler = handler;
    this.#clock = clock;
    this.#onOver = onOver;
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
    this.#onOver(this);
  }
}
