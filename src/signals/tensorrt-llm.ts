/**
 * Reads the metrics page of `trtllm-serve`, `/prometheus/metrics`; it has figures once perf metrics are switched on
 * (`return_perf_metrics: true`). For TensorRT-LLM inside Triton there is `triton`.
 *
 * @see https://nvidia.github.io/TensorRT-LLM/commands/trtllm-serve.html
 */
import { bothWays, known } from '../core/metrics-page.js';
import { pageSignal } from '../core/signal.js';

const RUNNING = bothWays('trtllm:num_requests_running');
const WAITING = bothWays('trtllm:num_requests_waiting');
const KV_USAGE = bothWays('trtllm:kv_cache_utilization');
const HIT_RATE = bothWays('trtllm:kv_cache_hit_rate');
const BLOCKS = bothWays('trtllm:kv_cache_max_blocks');
const BLOCK_TOKENS = bothWays('trtllm:kv_cache_tokens_per_block');

/** Reads the metrics of `trtllm-serve`. */
export const tensorrtLlm = pageSignal({
  name: 'tensorrt-llm',
  path: '/prometheus/metrics',
  names: [RUNNING, WAITING, KV_USAGE, HIT_RATE, BLOCKS, BLOCK_TOKENS],
  read: (page) => {
    const tokens = (page.sum(BLOCKS) ?? 0) * (page.mean(BLOCK_TOKENS) ?? 0);
    return known({
      running: page.sum(RUNNING),
      waiting: page.sum(WAITING),
      kvCacheUsage: page.mean(KV_USAGE),
      prefixCacheHitRate: page.mean(HIT_RATE),
      kvCacheTokens: tokens > 0 ? tokens : undefined,
    });
  },
});
