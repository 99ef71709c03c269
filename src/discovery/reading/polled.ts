import type { Clock, Random, Timer } from '../../core/clock.js';
import type { DiscoveryListener, DiscoverySource } from '../../core/discovery.js';
import type { EndpointConfig } from '../../core/endpoint.js';
import { DiscoveryError } from '../../errors.js';

/** What one look found. */
export interface Reading {
  /** `undefined`: as before. */
  readonly endpoints: readonly EndpointConfig[] | undefined;
  /** When to look again, in ms. */
  readonly wait: number;
}

/** Looks, for one watcher. */
export interface Reader {
  /** @throws when the list cannot be read; also, with anything, after the signal */
  read(signal: AbortSignal): Promise<Reading>;
  close?(): Promise<void>;
}

export interface PolledTerms {
  readonly name: string;
  readonly clock: Clock;
  readonly random: Random;
  /** First wait after a failure, in ms; it doubles up to `maxRetry`. */
  readonly retry: number;
  readonly maxRetry: number;
  /** @param wake looks again in so many ms, if not sooner */
  open(wake: (delay: number) => void): Reader;
}

/** A source that looks again and again. It tells a list when it differs from the last, or follows a failure. */
export function polled(terms: PolledTerms): DiscoverySource {
  return {
    name: terms.name,
    watch(listener) {
      const poll = new Poll(terms, listener);
      return () => poll.stop();
    },
  };
}

class Poll {
  readonly #terms: PolledTerms;
  readonly #listener: DiscoveryListener;
  readonly #reader: Reader;
  readonly #abort = new AbortController();
  #timer: Timer | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  #reading: Promise<void> | undefined;
  /** Asked for while one was under way. */
  #again: number | undefined;
  /** The list told last, as text. */
  #told: string | undefined;
  #failures = 0;
  #stopped: Promise<void> | undefined;

  constructor(terms: PolledTerms, listener: DiscoveryListener) {
    this.#terms = terms;
    this.#listener = listener;
    this.#reader = terms.open((delay) => this.#wake(delay));
    this.#look();
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#abort.abort();
    this.#timer?.close();
    await this.#reading;
    await this.#reader.close?.();
  }

  #wake(delay: number): void {
    if (this.#abort.signal.aborted) return;
    if (this.#reading !== undefined) this.#again = delay;
    else this.#lookIn(delay);
  }

  #lookIn(delay: number): void {
    const at = this.#terms.clock.now() + delay;
    if (at >= this.#timerAt) return;
    this.#timer?.close();
    this.#timerAt = at;
    this.#timer = this.#terms.clock.setTimer(() => this.#look(), Math.ceil(delay));
    // A balancer that was never closed must not keep the process alive.
    this.#timer.unref?.();
  }

  #look(): void {
    this.#timerAt = Number.POSITIVE_INFINITY;
    this.#reading = this.#read().then((wait) => {
      this.#reading = undefined;
      if (this.#abort.signal.aborted) return;
      this.#lookIn(this.#again ?? wait);
      this.#again = undefined;
    });
  }

  /** @returns the wait until the next look */
  async #read(): Promise<number> {
    const { signal } = this.#abort;
    try {
      const { endpoints, wait } = await this.#reader.read(signal);
      if (!signal.aborted) this.#tell(endpoints);
      return wait;
    } catch (error) {
      if (!signal.aborted) this.#listener.failed(this.#described(error));
      const { retry, maxRetry, random } = this.#terms;
      return Math.min(maxRetry, retry * 2 ** this.#failures++) * (0.8 + 0.2 * random());
    }
  }

  #tell(endpoints: readonly EndpointConfig[] | undefined): void {
    const recovered = this.#failures > 0;
    this.#failures = 0;
    if (endpoints === undefined) return;
    const text = JSON.stringify(endpoints);
    if (text === this.#told && !recovered) return;
    this.#told = text;
    this.#listener.update(endpoints);
  }

  #described(error: unknown): Error {
    if (error instanceof DiscoveryError) return error;
    const message = error instanceof Error ? error.message : String(error);
    return new DiscoveryError(this.#terms.name, message, { cause: error });
  }
}
