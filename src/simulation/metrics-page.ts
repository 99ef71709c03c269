import type { Replica } from './replica.js';

/** What vLLM would say of itself at `/metrics`. https://docs.vllm.ai/en/latest/usage/metrics.html */
export function metricsPage(replica: Replica): string {
  const { prefilled, cached } = replica.work;
  return [
    series('num_requests_running', 'gauge', replica.running),
    series('num_requests_waiting', 'gauge', replica.waiting),
    series('kv_cache_usage_perc', 'gauge', replica.kvUsage),
    series('prefix_cache_queries_total', 'counter', prefilled + cached),
    series('prefix_cache_hits_total', 'counter', cached),
  ].join('');
}

function series(name: string, type: string, value: number): string {
  return `# TYPE vllm:${name} ${type}\nvllm:${name}{engine="0",model_name="simulated"} ${value}\n`;
}
