/** One request of a trace. */
export interface TraceRequest {
  /** Milliseconds after the first one. */
  readonly at: number;
  /** Prompt tokens, at least 1. */
  readonly prompt: number;
  /** Tokens of the answer, at least 1. */
  readonly output: number;
  /** Ids of the prompt's blocks, in order; equal ids are equal prefixes. Empty when nothing is known of them. */
  readonly blocks: readonly number[];
}

/** Requests in the order in which they come. */
export interface Trace {
  /** By arrival. */
  readonly requests: readonly TraceRequest[];
  /** Tokens of a block. */
  readonly blockTokens: number;
}
