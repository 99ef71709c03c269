import { type Dispatcher, errors } from 'undici';
import type { BalancedReply } from '../../core/exchange.js';
import { DispatchCall } from './dispatch-call.js';
import { headersByName, rawHeaders } from './dispatch-headers.js';

/** A handler of undici 6, still what the APIs of undici 7 and the `fetch` of Node 20 to 24 bring. */
export class LegacyCall extends DispatchCall {
  readonly #handler: Dispatcher.DispatchHandler;

  constructor(handler: Dispatcher.DispatchHandler, onOver: (call: DispatchCall) => void) {
    super(onOver);
    this.#handler = handler;
  }

  protected tellStart(): void {
    this.#handler.onConnect?.((reason) => this.abort(reason ?? new errors.RequestAbortedError()));
  }

  protected tellHead({ status, statusText, headers }: BalancedReply): void {
    this.#handler.onResponseStarted?.();
    if (this.aborted) return;
    const resume = () => this.resume();
    if (this.#handler.onHeaders?.(status, rawHeaders(headers), resume, statusText) === false) this.pause();
  }

  protected tellData(chunk: Buffer): void {
    if (this.#handler.onData?.(chunk) === false) this.pause();
  }

  protected tellEnd(): void {
    this.#handler.onComplete?.([]);
  }

  protected tellError(error: Error): void {
    this.#handler.onError?.(error);
  }
}

/** A handler that is given a controller, from undici 7 on; the call is that controller. */
export class ControllerCall extends DispatchCall implements Dispatcher.DispatchController {
  readonly #handler: Dispatcher.DispatchHandler;
  #headers: readonly string[] = [];
  readonly rawTrailers: Buffer[] = [];

  constructor(handler: Dispatcher.DispatchHandler, onOver: (call: DispatchCall) => void) {
    super(onOver);
    this.#handler = handler;
  }

  /** The `fetch` of Node 26 reads the headers here. */
  get rawHeaders(): Buffer[] {
    return rawHeaders(this.#headers);
  }

  protected tellStart(): void {
    this.#handler.onRequestStart?.(this, {});
  }

  protected tellHead({ status, statusText, headers }: BalancedReply): void {
    this.#headers = headers;
    this.#handler.onResponseStart?.(this, status, headersByName(headers), statusText);
  }

  protected tellData(chunk: Buffer): void {
    this.#handler.onResponseData?.(this, chunk);
  }

  protected tellEnd(): void {
    this.#handler.onResponseEnd?.(this, {});
  }

  protected tellError(error: Error): void {
    this.#handler.onResponseError?.(this, error);
  }
}
