import type { StepCosts } from './step-time.js';

/** A model server as the simulator works it out: what a GPU, a model and an engine's settings come to. */
export interface ReplicaModel {
  /** What steps take. */
  readonly costs: StepCosts;
  /** Prompt and decode tokens of one step. */
  readonly stepTokens: number;
  /** Sequences that run together. */
  readonly slots: number;
  /** Requests that may wait inside; beyond it the server answers 503. */
  readonly maxWaiting: number;
  /** Tokens that the KV cache holds. */
  readonly kvTokens: number;
  /** Tokens of a prompt block. */
  readonly blockTokens: number;
  /** Whether shared prefixes are kept. */
  readonly prefixCaching: boolean;
  /** Milliseconds from a start until the model is loaded. */
  readonly loadTime: number;
}
