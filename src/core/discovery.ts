import type { EndpointConfig } from './endpoint.js';

/** Where a source tells what it found. */
export interface DiscoveryListener {
  /** The whole list, as it is now. An empty one means that there are none. */
  update(endpoints: readonly EndpointConfig[]): void;
  /** The list could not be read; the last good one stays. */
  failed(error: Error): void;
}

/** Knows the endpoints, and tells the whole list whenever it changes. */
export interface DiscoverySource {
  /** For events and messages: `dns:llm.internal`. */
  readonly name: string;
  /**
   * Starts to watch. The first list comes as soon as there is one; nothing is told after the stop.
   *
   * @returns stops it; resolves when every socket and timer of the source is gone
   */
  watch(listener: DiscoveryListener): () => Promise<void>;
}
