import type { Clock } from '../../core/clock.js';
import { EvenkeelError } from '../../errors.js';
import type { EndpointSet } from '../../state/endpoint-set.js';

/** A timer of this length is only there to be waited for: Node's longest, in ms. */
const LONGEST = 2_147_483_647;

/** Those who wait until an endpoint could take a request. */
export class Readiness {
  readonly #endpoints: EndpointSet;
  readonly #clock: Clock;
  readonly #waiting = new Set<{ resolve(): void; reject(reason: unknown): void }>();
  #closed = false;

  constructor(endpoints: EndpointSet, clock: Clock) {
    this.#endpoints = endpoints;
    this.#clock = clock;
  }

  /** @throws the signal's reason, or that the balancer is closed */
  async wait(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.#closed) throw closed();
    if (this.#ready) return;
    await new Promise<void>((resolve, reject) => {
      const abort = () => leave(() => reject(signal?.reason));
      const waiter = {
        resolve: () => leave(resolve),
        reject: (reason: unknown) => leave(() => reject(reason)),
      };
      // Nothing else may hold the process alive: probes and discovery do not.
      const alive = this.#clock.setTimer(() => {}, LONGEST);
      const leave = (then: () => void) => {
        alive.close();
        this.#waiting.delete(waiter);
        signal?.removeEventListener('abort', abort);
        then();
      };
      this.#waiting.add(waiter);
      signal?.addEventListener('abort', abort);
    });
  }

  /** An endpoint may have become available. */
  review(): void {
    if (this.#waiting.size > 0 && this.#ready) for (const { resolve } of [...this.#waiting]) resolve();
  }

  close(): void {
    this.#closed = true;
    for (const { reject } of [...this.#waiting]) reject(closed());
  }

  get #ready(): boolean {
    return this.#endpoints.members.some((member) => member.available);
  }
}

function closed(): EvenkeelError {
  return new EvenkeelError('BALANCER_CLOSED', 'The balancer was closed');
}
