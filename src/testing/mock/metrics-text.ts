import type { ServiceModel } from './service-model.js';

/** Gauges under vLLM's names, the KV cache under its old name too. https://docs.vllm.ai/en/latest/usage/metrics.html */
export function metricsText(service: ServiceModel, model: string): string {
  const usage = Math.min(1, service.cachedTokens / service.settings.kvCacheTokens);
  return [
    gauge('num_requests_running', 'Number of requests in model execution batches.', service.running),
    gauge('num_requests_waiting', 'Number of requests waiting to be processed.', service.waiting),
    gauge('kv_cache_usage_perc', 'KV-cache usage. 1 means 100 percent usage.', usage),
    gauge('gpu_cache_usage_perc', 'GPU KV-cache usage. 1 means 100 percent usage.', usage),
  ].join('');

  function gauge(name: string, help: string, value: number): string {
    const metric = `vllm:${name}`;
    const labels = `engine="0",model_name=${JSON.stringify(model)}`;
    return `# HELP ${metric} ${help}\n# TYPE ${metric} gauge\n${metric}{${labels}} ${value}\n`;
  }
}
