import type { Clock, Timer } from '../core/clock.js';

export type CancellationCause = 'caller-left' | 'deadline' | 'shutdown';

/**
 * Everything that may stop one request from outside: the caller's signal, the total deadline, the balancer's end.
 * Whatever the request is waiting for says through `onCancel` how to stop it.
 */
export class Cancellation {
  readonly #signal: AbortSignal | undefined;
  readonly #timer: Timer | undefined;
  readonly #listener = () => this.cancel('caller-left');
  cause: CancellationCause | undefined;
  onCancel: (() => void) | undefined;

  constructor(signal: AbortSignal | undefined, total: number, clock: Clock) {
    this.#signal = signal;
    if (signal !== undefined) {
      if (signal.aborted) this.cause = 'caller-left';
      else signal.addEventListener('abort', this.#listener, { once: true });
    }
    if (total !== Number.POSITIVE_INFINITY)
      this.#timer = clock.setTimer(() => this.cancel('deadline'), total);
  }

  /** The reason to give to a caller that left. */
  get reason(): unknown {
    return this.#signal?.reason;
  }

  cancel(cause: CancellationCause): void {
    if (this.cause !== undefined) return;
    this.cause = cause;
    this.onCancel?.();
  }

  dispose(): void {
    this.onCancel = undefined;
    this.#timer?.close();
    this.#signal?.removeEventListener('abort', this.#listener);
  }
}
