/**
 * Reads the metrics page of llama.cpp's server, `/metrics`; there is none unless it runs with `--metrics`.
 *
 * Current versions say nothing of the KV cache; `kv_cache_usage_ratio` of older ones is read where it is. A server
 * in router mode wants the model in the address: `metrics: { parser: llamacpp(), url: 'http://h:8080/metrics?model=m' }`.
 *
 * @see https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md
 */
import { bothWays, known } from '../core/metrics-page.js';
import { pageSignal } from '../core/signal.js';

const RUNNING = bothWays('llamacpp:requests_processing');
const WAITING = bothWays('llamacpp:requests_deferred');
const KV_USAGE = bothWays('llamacpp:kv_cache_usage_ratio');

/** Reads the metrics page of llama.cpp's server, run with `--metrics`. */
export const llamacpp = pageSignal({
  name: 'llamacpp',
  path: '/metrics',
  names: [RUNNING, WAITING, KV_USAGE],
  read: (page) =>
    known({
      running: page.sum(RUNNING),
      waiting: page.sum(WAITING),
      kvCacheUsage: page.mean(KV_USAGE),
    }),
});
