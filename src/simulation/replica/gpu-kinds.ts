/** A GPU as far as its speed with a large language model goes. */
export interface GpuKind {
  /** Bytes per second that it reads from its memory. */
  readonly bandwidth: number;
  /** 16-bit floating point operations per second, dense, as the maker states them. */
  readonly flops: number;
  /** Share of `flops` that prefill reaches. */
  readonly prefillEfficiency: number;
  /** Tokens of KV cache that are left beside the model of `MODEL`. */
  readonly kvTokens: number;
  /** Prompt and decode tokens of one step: vLLM's `max_num_batched_tokens`. */
  readonly stepTokens: number;
  /** Sequences that run together: vLLM's `max_num_seqs`. */
  readonly slots: number;
  /** Bytes of weights, where they are not in 16 bit. */
  readonly weightBytes?: number;
}

/** Llama 3.1 8B in 16 bit: 32 layers, 8 KV heads of 128. */
export const MODEL = {
  parameters: 8.03e9,
  weightBytes: 16.06e9,
  /** 32 layers x 8 heads x 128 x 2 (key and value) x 2 bytes. */
  kvBytesPerToken: 131_072,
};

/**
 * Bandwidth and FLOPS: the makers' data sheets (SXM versions, dense). Prefill efficiency of h100, a100 and l40s and
 * the KV rule (0.9 x memory - weights - activations) follow the hardware file of BLIS
 * (github.com/inference-sim/inference-sim). Step budget and slots: vLLM's defaults, 8192 and 1024 for 70 GiB or more
 * other than A100, else 2048 and 256. Estimates, not measured: l4's efficiency and KV room; all of t4, whose 16 GB
 * hold the model only in 4 bit, as with llama.cpp or AWQ.
 */
export const GPU_KINDS = {
  h100: {
    bandwidth: 3.35e12,
    flops: 989.5e12,
    prefillEfficiency: 0.45,
    kvTokens: 450_000,
    stepTokens: 8192,
    slots: 1024,
  },
  a100: {
    bandwidth: 2.039e12,
    flops: 312e12,
    prefillEfficiency: 0.38,
    kvTokens: 440_000,
    stepTokens: 2048,
    slots: 256,
  },
  'a100-40': {
    bandwidth: 1.555e12,
    flops: 312e12,
    prefillEfficiency: 0.38,
    kvTokens: 140_000,
    stepTokens: 2048,
    slots: 256,
  },
  l40s: {
    bandwidth: 0.864e12,
    flops: 362e12,
    prefillEfficiency: 0.32,
    kvTokens: 190_000,
    stepTokens: 2048,
    slots: 256,
  },
  l4: {
    bandwidth: 0.3e12,
    flops: 121e12,
    prefillEfficiency: 0.32,
    kvTokens: 33_000,
    stepTokens: 2048,
    slots: 256,
  },
  t4: {
    bandwidth: 0.32e12,
    flops: 65e12,
    prefillEfficiency: 0.2,
    kvTokens: 55_000,
    stepTokens: 2048,
    slots: 256,
    weightBytes: 5.7e9,
  },
} as const satisfies Record<string, GpuKind>;

/** A GPU whose speed the simulation knows. */
export type GpuName = keyof typeof GPU_KINDS;
