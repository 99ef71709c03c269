import { type Channel, channel } from 'node:diagnostics_channel';
import type { BalancerEvent } from '../../core/events.js';
import type { Logger } from '../options/logger.js';

interface Typed {
  readonly type: string;
}

type Hearer<Event> = (event: Event) => void;

/** Hears everything, or what it has a handler for. */
type Observer<Event extends Typed> =
  | Hearer<Event>
  | { readonly [Type in Event['type']]?: Hearer<Event & { readonly type: Type }> };

/** What an observer does with events of a type. */
type HearerOf<Event extends Typed> = (type: Event['type']) => Hearer<Event> | undefined;

/** Who hears of events of one type. */
interface Audience<Event> {
  readonly hearers: readonly Hearer<Event>[];
  readonly channel: Channel;
}

/** Tells events to observers and to `node:diagnostics_channel` (`evenkeel:*`). Costs nothing when nobody listens. */
export class Observers<Event extends Typed = BalancerEvent> {
  /** A function for each, so that an observer that was added twice is taken away one at a time. */
  #observers: readonly HearerOf<Event>[] = [];
  #last: Hearer<Event> | undefined;
  readonly #audiences = new Map<Event['type'], Audience<Event>>();
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** @returns takes it away */
  add(observer: Observer<Event>): () => void {
    const own: HearerOf<Event> = (type) =>
      typeof observer === 'function'
        ? observer
        : (observer[type]?.bind(observer) as Hearer<Event> | undefined);
    this.#change([...this.#observers, own]);
    return () => this.#change(this.#observers.filter((one) => one !== own));
  }

  /** One that hears of everything after all others have. @returns takes it away */
  addLast(observer: Hearer<Event>): () => void {
    this.#last = observer;
    return () => {
      this.#last = undefined;
    };
  }

  /** Ask before making an event. */
  wants(type: Event['type']): boolean {
    if (this.#last !== undefined) return true;
    const { hearers, channel } = this.#audience(type);
    return hearers.length > 0 || channel.hasSubscribers;
  }

  tell(event: Event): void {
    const { hearers, channel } = this.#audience(event.type);
    this.#tell(hearers, channel, event);
    this.#last?.(event);
  }

  /** Tells these and the channel. */
  tellOnly<Type extends Event['type']>(
    hearers: readonly Hearer<Event & { readonly type: Type }>[],
    event: Event & { readonly type: Type },
  ): void {
    this.#tell(hearers, this.#audience(event.type).channel, event);
  }

  #tell<Told extends Event>(hearers: readonly Hearer<Told>[], channel: Channel, event: Told): void {
    for (const hear of hearers) {
      try {
        hear(event);
      } catch (err) {
        // An observer's mistake must not touch a request.
        this.#logger.error({ err, event: event.type }, 'an observer threw');
      }
    }
    if (channel.hasSubscribers) channel.publish(event);
  }

  #audience(type: Event['type']): Audience<Event> {
    let found = this.#audiences.get(type);
    if (found === undefined) {
      const hearers = this.#observers.map((hearerOf) => hearerOf(type)).filter((one) => one !== undefined);
      found = { hearers, channel: channel(`evenkeel:${type}`) };
      this.#audiences.set(type, found);
    }
    return found;
  }

  #change(observers: readonly HearerOf<Event>[]): void {
    this.#observers = observers;
    this.#audiences.clear();
  }
}
