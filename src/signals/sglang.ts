/**
 * Reads SGLang's metrics page, `/metrics`; there is none unless the server runs with `--enable-metrics`.
 *
 * Every tensor- and pipeline-parallel rank tells the same of one engine, so those count once; data-parallel ranks
 * are engines of their own and add up: ranks tp 0 and tp 1 with 4 running each are 4, dp 0 and dp 1 are 8. Where
 * requests have priorities, the series with an empty one is the sum of the others.
 *
 * `sglang:cache_hit_rate` is not read: it falls to 0 whenever a decode batch reports. The counters tell it.
 *
 * @see https://docs.sglang.ai/references/production_metrics.html
 */
import { bothWays, known, type MetricsPage, ratio, total } from '../core/metrics-page.js';
import type { Sample } from '../core/metrics-text.js';
import { pageSignal } from '../core/signal.js';

const RUNNING = bothWays('sglang:num_running_reqs');
const WAITING = bothWays('sglang:num_queue_reqs');
const KV_USAGE = bothWays('sglang:token_usage', 'sglang:full_token_usage');
const KV_TOKENS = bothWays('sglang:max_total_num_tokens');
const CACHED = bothWays('sglang:cached_tokens_total', 'sglang:cached_tokens');
const PROMPT = bothWays('sglang:prompt_tokens_total', 'sglang:prompt_tokens');

/** Reads the metrics page of SGLang, run with `--enable-metrics`. */
export const sglang = pageSignal({
  name: 'sglang',
  path: '/metrics',
  names: [RUNNING, WAITING, KV_USAGE, KV_TOKENS, CACHED, PROMPT],
  read: (page) => {
    const usage = engines(page, KV_USAGE);
    return known({
      running: total(engines(page, RUNNING)),
      waiting: total(engines(page, WAITING)),
      kvCacheUsage: ratio(total(usage), usage.length),
      prefixCacheHitRate: ratio(total(engines(page, CACHED)), total(engines(page, PROMPT))),
      kvCacheTokens: total(engines(page, KV_TOKENS)),
    });
  },
});

const WITHIN_ENGINE = ['tp_rank', 'pp_rank', 'moe_ep_rank', 'pid'];

/** One sample for each engine: the highest that any of its ranks gives. */
function engines(page: MetricsPage, names: readonly string[]): readonly Sample[] {
  const samples = page.series(names);
  const whole = samples.filter(({ labels }) => (labels.priority ?? '') === '');
  const byEngine = new Map<string, Sample>();
  for (const sample of whole.length > 0 ? whole : samples) {
    const engine = JSON.stringify(
      Object.entries(sample.labels)
        .filter(([label]) => !WITHIN_ENGINE.includes(label))
        .sort(),
    );
    const before = byEngine.get(engine);
    if (before === undefined || before.value < sample.value) byEngine.set(engine, sample);
  }
  return [...byEngine.values()];
}
