import type { Clock, Timer } from '../../core/clock.js';
import type { CancelSignal } from '../../core/exchange.js';
import type { Outcome } from '../../core/outcome.js';
import type { Rostered } from '../../core/roster.js';
import { StreamError } from '../../errors.js';
import type { Refusal } from './refusal.js';

export type CancellationCause = 'caller-left' | 'deadline' | 'shutdown';

/**
 * Everything that may stop one request from outside: the caller's signal, the total deadline, the balancer's end.
 * Whatever the request is waiting for says through `onCancel` how to stop it.
 */
export class Cancellation implements Rostered {
  readonly #signal: CancelSignal | undefined;
  readonly #total: number;
  readonly #clock: Clock;
  readonly #timer: Timer | undefined;
  readonly #listener = () => this.cancel('caller-left');
  cause: CancellationCause | undefined;
  place = -1;
  onCancel: (() => void) | undefined;

  /**
   * @param total longest life of the request in ms
   */
  constructor(signal: CancelSignal | undefined, total: number, clock: Clock) {
    this.#signal = signal;
    this.#total = total;
    this.#clock = clock;
    if (signal !== undefined) {
      if (signal.aborted) this.cause = 'caller-left';
      else signal.addEventListener('abort', this.#listener, { once: true });
    }
    if (total !== Number.POSITIVE_INFINITY)
      this.#timer = clock.setTimer(() => this.cancel('deadline'), total);
  }

  cancel(cause: CancellationCause): void {
    if (this.cause !== undefined) return;
    this.cause = cause;
    this.onCancel?.();
  }

  /** Waits, unless the request is stopped first. */
  pause(delay: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#clock.setTimer(resolve, delay);
      this.onCancel = () => {
        timer.close();
        resolve();
      };
    });
  }

  dispose(): void {
    this.onCancel = undefined;
    this.#timer?.close();
    this.#signal?.removeEventListener('abort', this.#listener);
  }

  /** Says nothing about the endpoint. */
  get outcome(): Outcome {
    return { kind: 'neutral', reason: this.cause ?? 'caller-left' };
  }

  /** What a reader in the middle of a body is told: its own reason, or why we cut it. */
  streamError(endpoint: string): unknown {
    if (this.cause === 'caller-left') return this.#signal?.reason;
    const { code, message } = this.#refusal();
    return new StreamError(
      code === 'timeout' ? 'STREAM_STALLED' : 'BALANCER_CLOSED',
      `The answer was cut. ${message}`,
      endpoint,
    );
  }

  /** What a request without an answer is told. @throws the caller's reason, if it was the caller */
  refusal(): Refusal {
    if (this.cause === 'caller-left') throw this.#signal?.reason;
    return this.#refusal();
  }

  #refusal(): Refusal {
    if (this.cause === 'shutdown') return { code: 'balancer_closed', message: 'The balancer is closed' };
    return {
      code: 'timeout',
      message: `The request took longer than ${this.#total} ms in all (timeouts.total)`,
    };
  }
}
