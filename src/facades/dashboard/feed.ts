import type { LoadBalancer } from '../../balancer/load-balancer.js';
import type { Clock, Timer } from '../../core/clock.js';
import { inService } from '../../core/endpoint.js';
import type { BalancerEvent } from '../../core/events.js';
import type { DesiredReplicas } from '../../core/scaling.js';
import { eventLine } from './event-line.js';
import type { FeedHello, FeedTick } from './feed-message.js';
import { Meters } from './meters.js';
import { News } from './news.js';

/** What the dashboard looks at. */
export type DashboardSource = Pick<LoadBalancer, 'snapshot' | 'observe' | 'explainNext'>;

/** Somebody who looks. */
export interface Watcher {
  /** One event of the stream, as text. */
  send(text: string): void;
  /** There is no more to come. */
  end(): void;
}

export interface FeedTerms {
  readonly clock: Clock;
  /** Milliseconds. */
  readonly interval: number;
  readonly autoscaler: DesiredReplicas | undefined;
  readonly token: string | undefined;
}

/** Tells everybody who looks the same, once every interval. While nobody does there is no timer and no observer. */
export class Feed {
  readonly #source: DashboardSource;
  readonly #terms: FeedTerms;
  readonly #watchers = new Set<Watcher>();
  #watch: Watch | undefined;

  constructor(source: DashboardSource, terms: FeedTerms) {
    this.#source = source;
    this.#terms = terms;
  }

  /** @returns stops it */
  subscribe(watcher: Watcher): () => void {
    const { interval, token } = this.#terms;
    const hello: FeedHello = { interval, ...(token !== undefined && { token }) };
    // An EventSource asks again so soon after the connection was lost.
    watcher.send(`retry: 1000\n${serverEvent('hello', hello)}`);
    this.#watchers.add(watcher);
    this.#watch ??= new Watch(this.#source, this.#terms, (tick) => this.#told(tick));
    watcher.send(serverEvent('tick', this.#watch.last));
    if (this.#watch.last.closed) this.#end();
    return () => {
      if (this.#watchers.delete(watcher) && this.#watchers.size === 0) this.#end();
    };
  }

  /** The state now, for those who ask once. */
  now(): FeedTick {
    if (this.#watch !== undefined) return this.#watch.last;
    const watch = new Watch(this.#source, this.#terms, () => {});
    watch.stop();
    return watch.last;
  }

  #told(tick: FeedTick): void {
    const text = serverEvent('tick', tick);
    for (const watcher of this.#watchers) watcher.send(text);
    if (tick.closed) this.#end();
  }

  #end(): void {
    this.#watch?.stop();
    this.#watch = undefined;
    const watchers = [...this.#watchers];
    this.#watchers.clear();
    for (const watcher of watchers) watcher.end();
  }
}

/** From the first one who looks to the last. */
class Watch {
  readonly #source: DashboardSource;
  readonly #terms: FeedTerms;
  readonly #news: News;
  readonly #meters: Meters;
  readonly #stopObserving: () => void;
  #forgetDecision: (() => void) | undefined;
  #timer: Timer | undefined;
  last: FeedTick;

  constructor(source: DashboardSource, terms: FeedTerms, told: (tick: FeedTick) => void) {
    const { clock, interval } = terms;
    this.#source = source;
    this.#terms = terms;
    this.#news = new News(() => clock.wallTime());
    this.#meters = new Meters(clock);
    this.#stopObserving = source.observe((event) => this.#hear(event));
    this.#askForDecision();
    this.last = this.#read();
    const next = (): void => {
      this.#timer = clock.setTimer(() => {
        next();
        this.#askForDecision();
        this.last = this.#read();
        told(this.last);
      }, interval);
      // Whoever looks does not keep the process alive.
      this.#timer.unref?.();
    };
    next();
  }

  stop(): void {
    this.#timer?.close();
    this.#stopObserving();
    this.#forgetDecision?.();
  }

  #hear(event: BalancerEvent): void {
    this.#meters.note(event);
    const line = eventLine(event);
    if (line !== undefined) this.#news.note(line);
  }

  #askForDecision(): void {
    this.#forgetDecision?.();
    this.#forgetDecision = this.#source.explainNext((decision) => {
      if (this.#news.decided(decision)) this.#askForDecision();
    });
  }

  #read(): FeedTick {
    const { clock, autoscaler } = this.#terms;
    const { closed, queued, outstanding, available, endpoints } = this.#source.snapshot();
    const desired = autoscaler?.desiredReplicas;
    const active = endpoints.filter(inService).length;
    return {
      at: Math.round(clock.wallTime()),
      closed,
      ...this.#meters.read(),
      queued,
      outstanding,
      available,
      replicas: { active, ...(desired !== undefined && { desired }) },
      endpoints: endpoints.map(({ url: _, latency: __, prefillRate: ___, ...endpoint }) => ({
        ...endpoint,
        ...this.#meters.readEndpoint(endpoint.id),
      })),
      ...this.#news.take(),
    };
  }
}

function serverEvent(name: string, data: object): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
