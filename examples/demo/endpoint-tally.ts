import type { LoadBalancer } from 'evenkeel';
import { percentile } from './percentile.js';

/** Milliseconds the rates and percentiles of the live table look back. */
const WINDOW = 3_000;

interface Sample {
  readonly at: number;
  readonly value: number;
}

/** What a balancer told of one endpoint. */
export class EndpointTally {
  served = 0;
  #tokens: Sample[] = [];
  #firstTokens: Sample[] = [];

  settled(tokens: number): void {
    this.served++;
    this.#tokens.push({ at: performance.now(), value: tokens });
  }

  firstToken(elapsed: number): void {
    this.#firstTokens.push({ at: performance.now(), value: elapsed });
  }

  /** Of answers that ended lately. */
  get tokensPerSecond(): number {
    this.#tokens = recent(this.#tokens);
    return this.#tokens.reduce((sum, { value }) => sum + value, 0) / (WINDOW / 1000);
  }

  /** Lately, in milliseconds. */
  recentFirstToken(share: number): number | undefined {
    this.#firstTokens = recent(this.#firstTokens);
    return percentile(
      this.#firstTokens.map(({ value }) => value),
      share,
    );
  }
}

/** What a balancer told of its endpoints and of retries. */
export class BalancerTally {
  retries = 0;
  readonly endpoints = new Map<string, EndpointTally>();

  constructor(balancer: LoadBalancer) {
    for (const { id } of balancer.endpoints) this.endpoints.set(id, new EndpointTally());
    balancer.observe({
      retry: () => {
        this.retries++;
      },
      'first-token': ({ endpoint, elapsed }) => this.endpoints.get(endpoint)?.firstToken(elapsed),
      'attempt-settled': ({ endpoint, outcome, contentEvents }) => {
        if (outcome.kind === 'success') this.endpoints.get(endpoint)?.settled(contentEvents);
      },
    });
  }

  served(id: string): number {
    return this.endpoints.get(id)?.served ?? 0;
  }
}

function recent(samples: readonly Sample[]): Sample[] {
  const since = performance.now() - WINDOW;
  return samples.filter(({ at }) => at >= since);
}
