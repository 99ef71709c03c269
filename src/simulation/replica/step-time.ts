import { type GpuKind, MODEL } from './gpu-kinds.js';

/** How long one step of continuous batching takes, in ms: the terms of `stepTime`. */
export interface StepCosts {
  /** Kernel launches and scheduling. */
  readonly fixed: number;
  /** Reading the weights once. */
  readonly weights: number;
  /** Computing one prompt token. */
  readonly prefillToken: number;
  /** Reading the KV cache of one token of context. */
  readonly contextToken: number;
  /** Sampling for one sequence. */
  readonly sequence: number;
}

/**
 * The step model of BLIS, its fitted coefficients rounded:
 *
 *     T = 1.15 ms + max(1.1 x weights / bandwidth, prompt tokens x 2 x parameters / (FLOPS x efficiency))
 *       + 1.95 x context tokens x KV bytes / bandwidth + 4.4 us x sequences
 *
 * An A100 that decodes one sequence of 1000 tokens: 1.15 + 8.66 + 0.13 + 0.004 = 9.9 ms a token.
 */
export function stepCosts(gpu: GpuKind): StepCosts {
  const weights = gpu.weightBytes ?? MODEL.weightBytes;
  return {
    fixed: 1.15,
    weights: (1.1 * weights * 1000) / gpu.bandwidth,
    prefillToken: (2 * MODEL.parameters * 1000) / (gpu.flops * gpu.prefillEfficiency),
    contextToken: (1.95 * MODEL.kvBytesPerToken * 1000) / gpu.bandwidth,
    sequence: 0.0044,
  };
}

/** One step that computes `prefill` prompt tokens beside decoding. */
export function stepTime(costs: StepCosts, prefill: number, context: number, sequences: number): number {
  const work = Math.max(costs.weights, prefill * costs.prefillToken);
  return costs.fixed + work + context * costs.contextToken + sequences * costs.sequence;
}

/** `count` steps that only decode: the context grows by a token a sequence with every step. */
export function decodeTime(costs: StepCosts, count: number, context: number, sequences: number): number {
  const first = stepTime(costs, 0, context, sequences);
  return count * first + (costs.contextToken * sequences * count * (count - 1)) / 2;
}
