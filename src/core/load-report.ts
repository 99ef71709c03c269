/**
 * What an engine said of its own load. Every reading is absent when the engine did not give it: unknown is never 0.
 * Ratios are 0..1.
 */
export interface LoadReport {
  /** When the readings were taken, on the balancer's clock. */
  readonly observedAt: number;
  /** Requests of this balancer that were outstanding then. What the engine has beyond them is other clients'. */
  readonly ownOutstanding: number;
  /** Requests that the engine works on now, everybody's. */
  readonly running?: number;
  /** Requests that wait inside the engine. */
  readonly waiting?: number;
  /** Used share of the KV cache. */
  readonly kvCacheUsage?: number;
  /** Hits over queries of the prefix cache since the engine started. */
  readonly prefixCacheHitRate?: number;
  /** Share of time in which the GPU was busy. */
  readonly gpuUtilization?: number;
  /** Used share of the GPU's memory. */
  readonly vramUsage?: number;
  /** Tokens that the KV cache has room for. */
  readonly kvCacheTokens?: number;
  /** Adapters (LoRA) at work now. */
  readonly adapters?: readonly string[];
  /** Adapters that requests wait for. */
  readonly waitingAdapters?: readonly string[];
  /** Most adapters at once. */
  readonly maxAdapters?: number;
  /** Asleep: the process answers, the model is not on the GPU (vLLM's sleep mode). */
  readonly asleep?: boolean;
}

/** The readings alone, as a parser finds them. */
export type LoadReadings = Omit<LoadReport, 'observedAt' | 'ownOutstanding'>;

/** Reads an engine's own metrics page, or the headers of an answer. */
export interface LoadSignalParser {
  /** For logs, and to tell pages apart. */
  readonly name: string;
  /**
   * Where the page is found when `metrics.url` does not say, from the root of the endpoint's host: `/metrics`.
   * Absent: there is no page, and nothing is polled.
   */
  readonly path?: string;
  /** The port of that page where it has one of its own. Default: the endpoint's. */
  readonly port?: number;
  /** What an endpoint must be sent for it to say its load in the headers of its answers. */
  readonly requestHeaders?: Readonly<Record<string, string>>;
  /** @returns `undefined` when the page holds none of the engine's series: no data, which is not a load of 0 */
  parse(text: string): LoadReadings | undefined;
  /** Readings that came with an answer's headers (ORCA). Names in lower case. */
  parseHeaders?(
    headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  ): LoadReadings | undefined;
}
