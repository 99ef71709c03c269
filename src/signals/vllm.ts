/**
 * Reads vLLM's metrics page, which is on by default: `/metrics` on the server's own port.
 *
 * Running and waiting requests of all engines (data-parallel ranks) add up, their KV cache usage is averaged: two
 * engines that run 3 and 5 with caches at 0.2 and 0.4 report 8 running and 0.3. `gpu_cache_usage_perc` and
 * `gpu_prefix_cache_*` are the names before v0.10; `perc` is a fraction under either.
 *
 * Needs a server without `--disable-log-stats`: with it the page is there and empty, which is no data. Where vLLM
 * answers with ORCA headers, they are read too. Several API servers (`--api-server-count`) may each tell a part.
 *
 * @see https://docs.vllm.ai/en/latest/usage/metrics.html
 */
import { bothWays, known, type MetricsPage } from '../core/metrics-page.js';
import type { Sample } from '../core/metrics-text.js';
import { orcaHeaders } from '../core/orca-header.js';
import { pageSignal } from '../core/signal.js';

const RUNNING = bothWays('vllm:num_requests_running');
const WAITING = bothWays('vllm:num_requests_waiting');
const KV_USAGE = bothWays('vllm:kv_cache_usage_perc', 'vllm:gpu_cache_usage_perc');
const HITS = bothWays(
  'vllm:prefix_cache_hits_total',
  'vllm:prefix_cache_hits',
  'vllm:gpu_prefix_cache_hits_total',
  'vllm:gpu_prefix_cache_hits',
);
const QUERIES = bothWays(
  'vllm:prefix_cache_queries_total',
  'vllm:prefix_cache_queries',
  'vllm:gpu_prefix_cache_queries_total',
  'vllm:gpu_prefix_cache_queries',
);
const CACHE_CONFIG = bothWays('vllm:cache_config_info');
const SLEEP = bothWays('vllm:engine_sleep_state');
const LORA = bothWays('vllm:lora_requests_info');

/** Reads the metrics page of vLLM. */
export const vllm = pageSignal({
  name: 'vllm',
  path: '/metrics',
  names: [RUNNING, WAITING, KV_USAGE, HITS, QUERIES, CACHE_CONFIG, SLEEP, LORA],
  parseHeaders: orcaHeaders,
  read: (page) =>
    known({
      running: page.sum(RUNNING),
      waiting: page.sum(WAITING),
      kvCacheUsage: page.mean(KV_USAGE),
      prefixCacheHitRate: page.share(HITS, QUERIES),
      kvCacheTokens: cacheTokens(page.series(CACHE_CONFIG)),
      asleep: asleep(page.series(SLEEP)),
      ...adapters(page),
    }),
});

/** Of all engines; undercounts on models with hybrid caches, as vLLM itself does. */
function cacheTokens(configs: readonly Sample[]): number | undefined {
  let sum = 0;
  for (const { labels } of configs) {
    const tokens =
      positive(labels.kv_cache_size_tokens) ??
      (positive(labels.num_gpu_blocks) ?? 0) * (positive(labels.block_size) ?? 0);
    sum += tokens;
  }
  return sum > 0 ? sum : undefined;
}

/** Labels are text, and `None` where there is nothing. */
function positive(label: string | undefined): number | undefined {
  const value = Number(label);
  return value > 0 ? value : undefined;
}

/** One series for each state, 1 for the state it is in. One engine that sleeps puts the server to sleep. */
function asleep(states: readonly Sample[]): boolean | undefined {
  if (states.length === 0) return undefined;
  return states.some(({ labels, value }) => labels.sleep_state !== 'awake' && value > 0);
}

/** The value of the series is when it was written, and old ones stay: the newest of each engine counts. */
function adapters(page: MetricsPage) {
  const newest = new Map<string | undefined, Sample>();
  for (const sample of page.series(LORA)) {
    const before = newest.get(sample.labels.engine);
    if (before === undefined || before.value < sample.value) newest.set(sample.labels.engine, sample);
  }
  if (newest.size === 0) return {};
  const labels = [...newest.values()].map((sample) => sample.labels);
  const namesIn = (lists: (string | undefined)[]) => [
    ...new Set(lists.flatMap((list) => list?.split(',') ?? []).map((name) => name.trim())),
  ];
  const most = labels.map(({ max_lora }) => positive(max_lora)).filter((max) => max !== undefined);
  return {
    adapters: namesIn(labels.map((one) => one.running_lora_adapters)).filter((name) => name !== ''),
    waitingAdapters: namesIn(labels.map((one) => one.waiting_lora_adapters)).filter((name) => name !== ''),
    maxAdapters: most.length > 0 ? Math.max(...most) : undefined,
  };
}
