import type { SelectionPolicy } from 'evenkeel';
import { dynamoCost } from './dynamo-cost.js';
import { envoyLeastRequest } from './envoy-least-request.js';
import { finaglePeakEwma } from './finagle-peak-ewma.js';
import { haproxyLeastconn } from './haproxy-leastconn.js';
import { litellmLatency } from './litellm-latency.js';
import { litellmLeastBusy } from './litellm-least-busy.js';
import { litellmSimpleShuffle } from './litellm-simple-shuffle.js';
import { llmDDefault } from './llm-d-default.js';
import { nginxLeastConn } from './nginx-least-conn.js';
import type { RivalWorld } from './rival-world.js';
import { sglangCacheAware } from './sglang-cache-aware.js';
import { sglangPowerOfTwo } from './sglang-power-of-two.js';
import { undiciBalancedPool } from './undici-balanced-pool.js';

/** What others do, re-created from their published rules. */
export const RIVALS: Readonly<Record<string, (world: RivalWorld) => SelectionPolicy>> = {
  'nginx least_conn': nginxLeastConn,
  'HAProxy leastconn': haproxyLeastconn,
  'Envoy least request': envoyLeastRequest,
  'Finagle peak EWMA': finaglePeakEwma,
  'LiteLLM simple-shuffle': litellmSimpleShuffle,
  'LiteLLM least-busy': litellmLeastBusy,
  'LiteLLM latency-based': litellmLatency,
  'SGLang cache-aware': sglangCacheAware,
  'SGLang power of two': sglangPowerOfTwo,
  'llm-d default weights': llmDDefault,
  'Dynamo cost': dynamoCost,
  'undici BalancedPool': undiciBalancedPool,
};
