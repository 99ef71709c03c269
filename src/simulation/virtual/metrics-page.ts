import type { Replica } from '../replica/replica.js';

/** What vLLM would say of itself at `/metrics`. https://docs.vllm.ai/en/latest/usage/metrics.html */
export function metricsPage(replica: Replica): string {
  const { prefilled, cached } = replica.work;
  return [
    series('num_requests_running', 'gauge', replica.running),
    series('num_requests_waiting', 'gauge', replica.waiting),
    series('kv_cache_usage_perc', 'gauge', replica.kvUsage),
    series('prefix_cache_queries_total', 'counter', prefilled + cached),
    series('prefix_cache_hits_total', 'counter', cached),
    series('cache_config_info', 'gauge', 1, cacheLabels(replica.model.kvTokens)),
  ].join('');
}

/** What dcgm-exporter would say: a GPU with one request is as busy as one with a hundred. */
export function gpuPage(replica: Replica): string {
  const busy = replica.running > 0 ? 100 : 0;
  return `# TYPE DCGM_FI_DEV_GPU_UTIL gauge\nDCGM_FI_DEV_GPU_UTIL{gpu="0"} ${busy}\n`;
}

function cacheLabels(tokens: number): string {
  return `,block_size="16",num_gpu_blocks="${Math.floor(tokens / 16)}"`;
}

function series(name: string, type: string, value: number, labels = ''): string {
  return `# TYPE vllm:${name} ${type}\nvllm:${name}{engine="0",model_name="simulated"${labels}} ${value}\n`;
}
