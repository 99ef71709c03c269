import type { ReplicaModel } from './replica-model.js';

/** A model server in virtual time, as it really is at this moment: what no client of a real one can see. */
export interface SimulatedReplica {
  /** What it is made of. */
  readonly model: ReplicaModel;
  /** Requests that wait for a slot and for room in the cache. */
  readonly waiting: number;
  /** Requests that it works on. */
  readonly running: number;
  /** Milliseconds in which it has worked on something, up to now. */
  readonly busy: number;
  /** How many times as long as usual a step takes. */
  readonly slowdown: number;
  /** Share of the KV cache that running requests hold. */
  readonly kvUsage: number;
  /** Prompt tokens to be computed; those of waiting requests as if nothing of them were cached. */
  readonly pendingPrefill: number;
  /** Tokens of KV cache that the waiting requests will want. */
  readonly waitingTokens: number;
  /** Tokens of context that the decoding sequences have. */
  readonly context: number;
  /** Tokens still to come, of each request that is here. */
  readonly remaining: readonly number[];
  /** Prompt tokens of which the cache holds the blocks. */
  cachedTokens(blocks: readonly number[]): number;
}
