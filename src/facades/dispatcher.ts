import { Readable } from 'node:stream';
import { Dispatcher, errors } from 'undici';
import type { LoadBalancer } from '../balancer/load-balancer.js';
import type { BalancedRequest } from '../core/exchange.js';
import { booleanOption, optionFields } from '../core/option-checks.js';
import { Roster } from '../core/roster.js';
import type { DispatchCall } from './dispatch/dispatch-call.js';
import { ControllerCall, LegacyCall } from './dispatch/dispatch-handlers.js';
import { type BalancedDispatchOptions, readDispatch } from './dispatch/dispatch-request.js';

export type { BalancedDispatchOptions } from './dispatch/dispatch-request.js';

/** Options of `BalancedDispatcher`. */
export interface BalancedDispatcherOptions {
  /** Whether closing or destroying the dispatcher closes the balancer behind it as well. Default false. */
  readonly closeBalancer?: boolean;
}

/**
 * A balancer as an undici `Dispatcher`: for `request`, `stream`, `pipeline` and `fetch` of undici 7, its
 * interceptors, and the `dispatcher` option of Node's own `fetch`. The origin of a request is ignored.
 *
 * The balancer's own errors arrive as answers (502, 503, 504 …), as from its `fetch`; a body that breaks off is
 * an error. CONNECT and upgrades are refused. There are no trailers, and no `connect`, `disconnect` and `drain` events.
 *
 * @throws InvalidOptionError for an option that is not known
 * @example
 * const { statusCode, body } = await request('http://any/v1/models', { dispatcher: new BalancedDispatcher(balancer) });
 */
export class BalancedDispatcher extends Dispatcher {
  readonly #balancer: Pick<LoadBalancer, 'send' | 'close'>;
  readonly #closeBalancer: boolean;
  readonly #calls = new Roster<DispatchCall>();
  readonly #onOver = (call: DispatchCall): void => {
    this.#calls.delete(call);
    if (this.#calls.size === 0) this.#quiet?.();
  };
  #quiet: (() => void) | undefined;
  #closing: Promise<void> | undefined;
  #destroying: Promise<void> | undefined;

  constructor(balancer: Pick<LoadBalancer, 'send' | 'close'>, options?: BalancedDispatcherOptions) {
    super();
    const given = optionFields('options', options, ['closeBalancer']);
    this.#balancer = balancer;
    this.#closeBalancer = booleanOption('options.closeBalancer', given.closeBalancer, false);
  }

  /** Whether `close()` has been called. */
  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /** Whether `destroy()` has been called. */
  get destroyed(): boolean {
    return this.#destroying !== undefined;
  }

  /**
   * @returns whether the request was taken. The balancer has its own queue, so there is no `drain` to wait for
   * @throws undici's InvalidArgumentError for a handler that could not be told of an error
   */
  override dispatch(options: BalancedDispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const call = this.#callOf(handler);
    this.#calls.add(call);
    let request: BalancedRequest;
    try {
      if (this.destroyed) throw new errors.ClientDestroyedError();
      if (this.closed) throw new errors.ClientClosedError();
      request = readDispatch(options, call.caller);
    } catch (error) {
      call.fail(error as Error);
      return false;
    }
    // An iterator that waits for its next chunk does not let go of the stream.
    if (options.body instanceof Readable) {
      const { body } = options;
      call.caller.addEventListener('abort', () => body.destroy());
    }
    if (!call.start()) return true;
    this.#balancer.send(request).then(
      (reply) => call.answer(reply),
      (error) => call.fail(error),
    );
    return true;
  }

  override close(): Promise<void>;
  override close(callback: () => void): void;
  /** Takes no new request, and resolves when those under way are over. */
  override close(callback?: () => void): Promise<void> | void {
    if (this.#destroying === undefined) this.#closing ??= this.#close();
    const closing = this.#closing ?? Promise.reject(new errors.ClientDestroyedError());
    return answered(closing, callback);
  }

  override destroy(): Promise<void>;
  override destroy(error: Error | null): Promise<void>;
  override destroy(callback: () => void): void;
  override destroy(error: Error | null, callback: () => void): void;
  /** Takes no new request, and breaks off those under way with `error`. */
  override destroy(error?: Error | null | (() => void), callback?: () => void): Promise<void> | void {
    const reason = error instanceof Error ? error : new errors.ClientDestroyedError();
    this.#destroying ??= this.#destroy(reason);
    return answered(this.#destroying, typeof error === 'function' ? error : callback);
  }

  #callOf(handler: Dispatcher.DispatchHandler): DispatchCall {
    if (typeof handler !== 'object' || handler === null) {
      throw new errors.InvalidArgumentError('handler must be an object');
    }
    const modern = typeof handler.onRequestStart === 'function';
    if (typeof (modern ? handler.onResponseError : handler.onError) !== 'function') {
      throw new errors.InvalidArgumentError(`invalid ${modern ? 'onResponseError' : 'onError'} method`);
    }
    return modern ? new ControllerCall(handler, this.#onOver) : new LegacyCall(handler, this.#onOver);
  }

  async #close(): Promise<void> {
    if (this.#calls.size > 0) {
      await new Promise<void>((resolve) => {
        this.#quiet = resolve;
      });
    }
    if (this.#closeBalancer) await this.#balancer.close();
  }

  async #destroy(reason: Error): Promise<void> {
    for (const call of this.#calls.all()) call.abort(reason);
    if (this.#closeBalancer) await this.#balancer.close();
  }
}

/** As undici: a promise, unless a callback is given. */
function answered(over: Promise<void>, callback: (() => void) | undefined): Promise<void> | void {
  if (callback === undefined) return over;
  void over.then(callback, callback);
}
