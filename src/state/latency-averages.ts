import type { EndpointLatency } from '../core/endpoint.js';
import { Ewma } from '../core/ewma.js';

/** How fast latency averages forget, in ms. */
const LATENCY_DECAY = 10_000;

/** The moving averages of one endpoint. */
export class LatencyAverages implements EndpointLatency {
  readonly #firstToken = new Ewma(LATENCY_DECAY);
  readonly #response = new Ewma(LATENCY_DECAY);
  readonly #tokenInterval = new Ewma(LATENCY_DECAY);

  get firstToken(): number | undefined {
    return this.#firstToken.value;
  }

  get response(): number | undefined {
    return this.#response.value;
  }

  get tokenInterval(): number | undefined {
    return this.#tokenInterval.value;
  }

  note(measure: keyof EndpointLatency, time: number, now: number): void {
    const average =
      measure === 'firstToken'
        ? this.#firstToken
        : measure === 'response'
          ? this.#response
          : this.#tokenInterval;
    average.add(time, now);
  }
}
