import type { CancelSignal } from '../core/exchange.js';

/** Says once that the caller has left, to whoever listens then. */
export class CallerSignal implements CancelSignal {
  /** Seldom more than two. */
  #listeners: readonly (() => void)[] = [];
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
    for (const listener of this.#listeners) listener();
  }

  throwIfAborted(): void {
    if (this.aborted) throw this.#reason;
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners = [...this.#listeners, listener];
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners = this.#listeners.filter((one) => one !== listener);
  }
}
