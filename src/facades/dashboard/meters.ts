import type { Clock } from '../../core/clock.js';
import type { BalancerEvent } from '../../core/events.js';
import type { FeedEndpoint, FeedTick } from './feed-message.js';
import { RecentRate } from './recent-rate.js';
import { RecentValues } from './recent-values.js';

/** Milliseconds that rates look back. Tokens are known when an answer ends, so theirs look back further. */
const REQUEST_WINDOW = 3_000;
const TOKEN_WINDOW = 10_000;

interface EndpointMeter {
  readonly tokens: RecentRate;
  readonly firstTokens: RecentValues;
}

/** Rates and first tokens, from the events of a balancer. */
export class Meters {
  readonly #clock: Clock;
  readonly #since: number;
  readonly #requests: RecentRate;
  readonly #failed: RecentRate;
  readonly #total: EndpointMeter;
  readonly #endpoints = new Map<string, EndpointMeter>();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#since = clock.now();
    this.#requests = new RecentRate(this.#since, REQUEST_WINDOW);
    this.#failed = new RecentRate(this.#since, REQUEST_WINDOW);
    this.#total = this.#newMeter();
  }

  note(event: BalancerEvent): void {
    const now = this.#clock.now();
    if (event.type === 'first-token') {
      this.#total.firstTokens.add(event.elapsed, now);
      this.#meter(event.endpoint).firstTokens.add(event.elapsed, now);
    } else if (event.type === 'attempt-settled') {
      const tokens = event.usage?.completion ?? event.contentEvents;
      this.#total.tokens.add(tokens, now);
      this.#meter(event.endpoint).tokens.add(tokens, now);
    } else if (event.type === 'request-finished') {
      const { outcome } = event;
      this.#requests.add(1, now);
      if (outcome === 'fault' || outcome === 'overloaded' || outcome === 'shed') this.#failed.add(1, now);
    } else if (event.type === 'endpoint-removed') {
      this.#endpoints.delete(event.endpoint);
    }
  }

  read(): Pick<FeedTick, 'requests' | 'failed' | 'tokens' | 'firstToken'> {
    const now = this.#clock.now();
    return {
      requests: tenths(this.#requests.read(now)),
      failed: tenths(this.#failed.read(now)),
      ...this.#read(this.#total),
    };
  }

  readEndpoint(id: string): Pick<FeedEndpoint, 'tokens' | 'firstToken'> {
    const meter = this.#endpoints.get(id);
    return meter === undefined ? { tokens: 0 } : this.#read(meter);
  }

  #read({ tokens, firstTokens }: EndpointMeter): Pick<FeedEndpoint, 'tokens' | 'firstToken'> {
    const now = this.#clock.now();
    const firstToken = firstTokens.quantiles(now);
    return { tokens: tenths(tokens.read(now)), ...(firstToken !== undefined && { firstToken }) };
  }

  #meter(id: string): EndpointMeter {
    let meter = this.#endpoints.get(id);
    if (meter === undefined) {
      meter = this.#newMeter();
      this.#endpoints.set(id, meter);
    }
    return meter;
  }

  #newMeter(): EndpointMeter {
    return { tokens: new RecentRate(this.#since, TOKEN_WINDOW), firstTokens: new RecentValues() };
  }
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}
