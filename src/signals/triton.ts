/**
 * Reads the metrics page of Triton, on a port of its own: `:8002/metrics`.
 *
 * With the TensorRT-LLM backend that is the batch manager's figures; other backends have only the count of pending
 * requests, which is read as waiting. GPU figures are of all the server's GPUs: 0.9 and 0.7 busy is 0.8.
 * Versions before 24.02 do not tell waiting requests of the batch manager; then that reading is missing.
 *
 * @see https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/user_guide/metrics.html
 */
import { known, type MetricsPage, total } from '../core/metrics-page.js';
import { orcaHeaders } from '../core/orca-header.js';
import { pageSignal } from '../core/signal.js';

const REQUESTS = ['nv_trt_llm_request_metrics'];
const KV_BLOCKS = ['nv_trt_llm_kv_cache_block_metrics'];
const PENDING = ['nv_inference_pending_request_count'];
const GPU_BUSY = ['nv_gpu_utilization'];
const VRAM_USED = ['nv_gpu_memory_used_bytes'];
const VRAM_TOTAL = ['nv_gpu_memory_total_bytes'];

/** Reads the metrics page of Triton. */
export const triton = pageSignal({
  name: 'triton',
  path: '/metrics',
  port: 8002,
  names: [REQUESTS, KV_BLOCKS, PENDING, GPU_BUSY, VRAM_USED, VRAM_TOTAL],
  parseHeaders: orcaHeaders,
  read: (page) => {
    const batching = page.series(REQUESTS).length > 0;
    const tokens = (block(page, 'max') ?? 0) * (block(page, 'tokens_per') ?? 0);
    return known({
      running: kind(page, REQUESTS, 'request_type', 'scheduled'),
      waiting: batching ? kind(page, REQUESTS, 'request_type', 'waiting') : page.sum(PENDING),
      kvCacheUsage: block(page, 'fraction'),
      kvCacheTokens: tokens > 0 ? tokens : undefined,
      gpuUtilization: page.mean(GPU_BUSY),
      vramUsage: page.share(VRAM_USED, VRAM_TOTAL),
    });
  },
});

function block(page: MetricsPage, type: string): number | undefined {
  const samples = page.series(KV_BLOCKS).filter(({ labels }) => labels.kv_cache_block_type === type);
  const sum = total(samples);
  // Blocks of several models add up; the size of a block and a share do not.
  return sum === undefined || type === 'max' ? sum : sum / samples.length;
}

function kind(page: MetricsPage, names: readonly string[], label: string, value: string) {
  return total(page.series(names).filter(({ labels }) => labels[label] === value));
}
