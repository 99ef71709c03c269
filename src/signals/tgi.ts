/**
 * Reads the metrics page of Text Generation Inference, `/metrics`, always on.
 *
 * There is no figure for the KV cache. The token budget stands for it: a batch that may grow to 4 096 tokens out of
 * 16 384 is a usage of 0.25.
 *
 * @see https://huggingface.co/docs/text-generation-inference/reference/metrics
 */
import { known } from '../core/metrics-page.js';
import { pageSignal } from '../core/signal.js';

const RUNNING = ['tgi_batch_current_size'];
const WAITING = ['tgi_queue_size'];
const BATCH_TOKENS = ['tgi_batch_current_max_tokens'];
const MOST_TOKENS = ['tgi_batch_max_total_tokens'];

/** Reads the metrics page of Text Generation Inference. */
export const tgi = pageSignal({
  name: 'tgi',
  path: '/metrics',
  names: [RUNNING, WAITING, BATCH_TOKENS, MOST_TOKENS],
  read: (page) =>
    known({
      running: page.sum(RUNNING),
      waiting: page.sum(WAITING),
      kvCacheUsage: page.share(BATCH_TOKENS, MOST_TOKENS),
      kvCacheTokens: page.sum(MOST_TOKENS),
    }),
});
