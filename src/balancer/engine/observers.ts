import { type Channel, channel } from 'node:diagnostics_channel';
import type { BalancerEvent } from '../../core/events.js';
import type { Logger } from '../options/logger.js';

interface Typed {
  readonly type: string;
}

type Hearer<Event> = (event: Event) => void;

type Handlers<Event extends Typed> = {
  readonly [Type in Event['type']]?: Hearer<Event & { readonly type: Type }>;
};

/** What an observer does with events of a type. */
type HearerOf<Event extends Typed> = (type: Event['type']) => Hearer<Event> | undefined;

/** Who hears of events of one type. */
interface Audience<Event> {
  readonly hearers: readonly Hearer<Event>[];
  readonly last: Hearer<Event> | undefined;
  readonly channel: Channel;
}

/** Tells events to observers and to `node:diagnostics_channel` (`evenkeel:*`). Costs nothing when nobody listens. */
export class Observers<Event extends Typed = BalancerEvent> {
  /** A function for each, so that an observer that was added twice is taken away one at a time. */
  #observers: readonly HearerOf<Event>[] = [];
  #last: HearerOf<Event> = () => undefined;
  readonly #audiences = new Map<Event['type'], Audience<Event>>();
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** @returns takes it away */
  add(observer: Hearer<Event> | Handlers<Event>): () => void {
    const own = hearerOf(observer);
    this.#change([...this.#observers, own]);
    return () => this.#change(this.#observers.filter((one) => one !== own));
  }

  /** Handlers that hear after all others have. @returns takes them away */
  addLast(handlers: Handlers<Event>): () => void {
    this.#last = hearerOf(handlers);
    this.#audiences.clear();
    return () => {
      this.#last = () => undefined;
      this.#audiences.clear();
    };
  }

  /** Ask before making an event. */
  wants(type: Event['type']): boolean {
    const { hearers, last, channel } = this.#audience(type);
    return hearers.length > 0 || last !== undefined || channel.hasSubscribers;
  }

  tell(event: Event): void {
    const { hearers, last, channel } = this.#audience(event.type);
    this.#tell(hearers, channel, event);
    last?.(event);
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
      const hearers = this.#observers.map((own) => own(type)).filter((one) => one !== undefined);
      found = { hearers, last: this.#last(type), channel: channel(`evenkeel:${type}`) };
      this.#audiences.set(type, found);
    }
    return found;
  }

  #change(observers: readonly HearerOf<Event>[]): void {
    this.#observers = observers;
    this.#audiences.clear();
  }
}

/** Handlers are read once: what becomes of the object later is none of a request's business. */
function hearerOf<Event extends Typed>(observer: Hearer<Event> | Handlers<Event>): HearerOf<Event> {
  if (typeof observer === 'function') return () => observer;
  const handlers = { ...observer };
  return (type) => handlers[type] as Hearer<Event> | undefined;
}
