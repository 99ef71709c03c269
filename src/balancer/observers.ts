import { type Channel, channel } from 'node:diagnostics_channel';
import type { BalancerEvent } from '../core/events.js';
import type { Logger } from './logger.js';

/** Tells events to observers and to `node:diagnostics_channel` (`evenkeel:*`). Costs nothing when nobody listens. */
export class Observers<Event extends { readonly type: string } = BalancerEvent> {
  #observers: readonly ((event: Event) => void)[] = [];
  #last: ((event: Event) => void) | undefined;
  readonly #channels = new Map<Event['type'], Channel>();
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  add(observer: (event: Event) => void): () => void {
    // A function of its own, so that an observer that was added twice is taken away one at a time.
    const own: (event: Event) => void = (event) => observer(event);
    this.#observers = [...this.#observers, own];
    return () => {
      this.#observers = this.#observers.filter((one) => one !== own);
    };
  }

  /** One that hears of everything after all others have. @returns takes it away */
  addLast(observer: (event: Event) => void): () => void {
    this.#last = observer;
    return () => {
      this.#last = undefined;
    };
  }

  /** Ask before making an event. */
  wants(type: Event['type']): boolean {
    return this.#observers.length > 0 || this.#last !== undefined || this.#channel(type).hasSubscribers;
  }

  tell(event: Event): void {
    this.tellOnly(this.#observers, event);
    this.#last?.(event);
  }

  /** Tells these and the channel. */
  tellOnly(observers: readonly ((event: Event) => void)[], event: Event): void {
    for (const observer of observers) {
      try {
        observer(event);
      } catch (err) {
        // An observer's mistake must not touch a request.
        this.#logger.error({ err, event: event.type }, 'an observer threw');
      }
    }
    const listeners = this.#channel(event.type);
    if (listeners.hasSubscribers) listeners.publish(event);
  }

  #channel(type: Event['type']): Channel {
    let found = this.#channels.get(type);
    if (found === undefined) {
      found = channel(`evenkeel:${type}`);
      this.#channels.set(type, found);
    }
    return found;
  }
}
