import { type Channel, channel } from 'node:diagnostics_channel';
import type { BalancerEvent, BalancerObserver } from '../core/events.js';
import type { Logger } from './logger.js';

type EventType = BalancerEvent['type'];

/** Tells events to observers and to `node:diagnostics_channel` (`evenkeel:*`). Costs nothing when nobody listens. */
export class Observers {
  #observers: readonly BalancerObserver[] = [];
  readonly #channels = new Map<EventType, Channel>();
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  add(observer: BalancerObserver): () => void {
    // A function of its own, so that an observer that was added twice is taken away one at a time.
    const own: BalancerObserver = (event) => observer(event);
    this.#observers = [...this.#observers, own];
    return () => {
      this.#observers = this.#observers.filter((one) => one !== own);
    };
  }

  /** Ask before making an event. */
  wants(type: EventType): boolean {
    return this.#observers.length > 0 || this.#channel(type).hasSubscribers;
  }

  tell(event: BalancerEvent): void {
    for (const observer of this.#observers) {
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

  #channel(type: EventType): Channel {
    let found = this.#channels.get(type);
    if (found === undefined) {
      found = channel(`evenkeel:${type}`);
      this.#channels.set(type, found);
    }
    return found;
  }
}
