import type { CancelSignal } from '../../core/exchange.js';

const NOBODY: readonly (() => void)[] = [];

/** Says once that the caller has left, to whoever listens then. */
export class CallerSignal implements CancelSignal {
  /** The first apart: most have no more than this one, and a list of one has room for sixteen. */
  #listener: (() => void) | undefined;
  #others: readonly (() => void)[] = NOBODY;
  #reason: unknown;

  get aborted(): boolean {
    return this.#reason !== undefined;
  }

  get reason(): unknown {
    return this.#reason;
  }

  abort(reason: unknown = new DOMException('The caller has left', 'AbortError')): void {
    if (this.aborted) return;
    this.#reason = reason;
    const others = this.#others;
    this.#listener?.();
    for (const listener of others) listener();
  }

  throwIfAborted(): void {
    if (this.aborted) throw this.#reason;
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    if (this.#listener === undefined) this.#listener = listener;
    else this.#others = [...this.#others, listener];
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    if (this.#listener === listener) this.#listener = undefined;
    else if (this.#others.length > 0) this.#others = this.#others.filter((one) => one !== listener);
  }
}
