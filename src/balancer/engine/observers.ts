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

/** Who hears of events of one type. Whoever tells of it often keeps it: it stays the same as observers come and go. */
export class Audience<Event extends Typed> {
  hearers: readonly Hearer<Event>[] = [];
  last: Hearer<Event> | undefined;
  readonly #channel: Channel;
  readonly #logger: Logger;

  constructor(type: string, logger: Logger) {
    this.#channel = channel(`evenkeel:${type}`);
    this.#logger = logger;
  }

  /** Ask before making an event. */
  get listens(): boolean {
    return this.hearers.length > 0 || this.last !== undefined || this.#channel.hasSubscribers;
  }

  tell(event: Event): void {
    this.tellOnly(this.hearers, event);
    this.last?.(event);
  }

  /** Tells these and the channel. */
  tellOnly(hearers: readonly Hearer<Event>[], event: Event): void {
    for (const hear of hearers) {
      try {
        hear(event);
      } catch (err) {
        // An observer's mistake must not touch a request.
        this.#logger.error({ err, event: event.type }, 'an observer threw');
      }
    }
    if (this.#channel.hasSubscribers) this.#channel.publish(event);
  }
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
    this.#change(this.#observers);
    return () => {
      this.#last = () => undefined;
      this.#change(this.#observers);
    };
  }

  /** Ask before making an event. */
  wants(type: Event['type']): boolean {
    return this.#audience(type).listens;
  }

  tell(event: Event): void {
    this.#audience(event.type).tell(event);
  }

  audience<Type extends Event['type']>(type: Type): Audience<Extract<Event, { readonly type: Type }>> {
    return this.#audience(type);
  }

  #audience(type: Event['type']): Audience<Event> {
    let found = this.#audiences.get(type);
    if (found === undefined) {
      found = new Audience<Event>(type, this.#logger);
      this.#audiences.set(type, found);
      this.#fill(found, type);
    }
    return found;
  }

  #change(observers: readonly HearerOf<Event>[]): void {
    this.#observers = observers;
    for (const [type, audience] of this.#audiences) this.#fill(audience, type);
  }

  #fill(audience: Audience<Event>, type: Event['type']): void {
    audience.hearers = this.#observers.map((own) => own(type)).filter((one) => one !== undefined);
    audience.last = this.#last(type);
  }
}

/** Handlers are read once: what becomes of the object later is none of a request's business. */
function hearerOf<Event extends Typed>(observer: Hearer<Event> | Handlers<Event>): HearerOf<Event> {
  if (typeof observer === 'function') return () => observer;
  const handlers = { ...observer };
  return (type) => handlers[type] as Hearer<Event> | undefined;
}
