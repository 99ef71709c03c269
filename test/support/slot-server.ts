import type { Random } from '../../src/core/clock.js';
import type { Outcome } from '../../src/core/outcome.js';
import type { EndpointState } from '../../src/state/endpoint-state.js';
import { Lease } from '../../src/state/lease.js';
import type { ManualClock } from '../../src/testing/manual-clock.js';
import { ALONE } from './endpoint-rig.js';

const SUCCESS: Outcome = { kind: 'success' };

interface SlotServerTerms {
  /** Requests it works on at once, as `slots` of `MockLlmServer`. */
  readonly slots: number;
  /** Requests it lets wait for a slot; any more get 429. */
  readonly maxWaiting: number;
  readonly clock: ManualClock;
  readonly random: Random;
}

/**
 * A model server in virtual time: 50 to 200 ms until the first token, up to twice that when it is busy, then 1 to 5 s
 * of tokens; and callers who always have one more request for it.
 */
export class SlotServer {
  slots: number;
  readonly #endpoint: EndpointState;
  readonly #terms: SlotServerTerms;
  readonly #waiting: (() => void)[] = [];
  #working = 0;
  served = 0;

  constructor(endpoint: EndpointState, terms: SlotServerTerms) {
    this.#endpoint = endpoint;
    this.#terms = terms;
    this.slots = terms.slots;
  }

  /** Lets `seconds` go by. @returns the limit at the end of each second */
  run(seconds: number): number[] {
    return Array.from({ length: seconds }, () => {
      this.#fill();
      this.#terms.clock.advance(1_000);
      return this.#endpoint.maxOutstanding;
    });
  }

  #fill(): void {
    while (this.#endpoint.available) this.#send();
  }

  #send(): void {
    const { clock, maxWaiting } = this.#terms;
    const lease = new Lease(this.#endpoint, ALONE);
    const sentAt = clock.now();
    if (this.#working < this.slots) this.#work(lease, sentAt);
    else if (this.#waiting.length < maxWaiting) this.#waiting.push(() => this.#work(lease, sentAt));
    else this.#settle(lease, { kind: 'overloaded', status: 429, retryAfter: undefined }, 5);
  }

  #work(lease: Lease, sentAt: number): void {
    const { clock, random } = this.#terms;
    this.#working++;
    const prefill = 50 * 4 ** random() * (1 + this.#working / this.slots);
    clock.setTimer(() => {
      lease.answering(clock.now() - sentAt);
      clock.setTimer(
        () => {
          this.served++;
          this.#working--;
          if (this.#working < this.slots) this.#waiting.shift()?.();
          this.#settle(lease, SUCCESS, 0);
        },
        1_000 + 4_000 * random(),
      );
    }, prefill);
  }

  #settle(lease: Lease, outcome: Outcome, delay: number): void {
    this.#terms.clock.setTimer(() => {
      lease.settle(outcome);
      this.#fill();
    }, delay);
  }
}
