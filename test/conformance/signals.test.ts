import { readFileSync } from 'node:fs';
import { describe, it } from 'vitest';
import type { LoadReadings, LoadSignalParser } from '../../src/core/load-report.js';
import { dcgm } from '../../src/signals/dcgm.js';
import { llamacpp } from '../../src/signals/llamacpp.js';
import { prometheusText } from '../../src/signals/prometheus-text.js';
import { sglang } from '../../src/signals/sglang.js';
import { tensorrtLlm } from '../../src/signals/tensorrt-llm.js';
import { tgi } from '../../src/signals/tgi.js';
import { triton } from '../../src/signals/triton.js';
import { vllm } from '../../src/signals/vllm.js';
import { signalConformance } from '../../src/testing/signal-conformance.js';

/** What the page of each fixture says. */
const PAGES: readonly [page: string, parser: LoadSignalParser, readings: LoadReadings][] = [
  [
    'vllm',
    vllm(),
    {
      running: 8,
      waiting: 2,
      kvCacheUsage: 0.375,
      prefixCacheHitRate: 0.25,
      kvCacheTokens: 162_560,
      adapters: ['lora4', 'lora3'],
      waitingAdapters: [],
      maxAdapters: 4,
      asleep: false,
    },
  ],
  [
    'vllm-old',
    vllm(),
    {
      running: 7,
      waiting: 1,
      kvCacheUsage: 0.4,
      prefixCacheHitRate: 0.25,
      kvCacheTokens: 184_960,
      adapters: [],
      waitingAdapters: [],
    },
  ],
  [
    'sglang',
    sglang(),
    { running: 20, waiting: 2, kvCacheUsage: 0.2, prefixCacheHitRate: 0.4, kvCacheTokens: 880_000 },
  ],
  ['sglang-old', sglang(), { running: 162, waiting: 2826 }],
  ['tgi', tgi(), { running: 8, waiting: 5, kvCacheUsage: 0.25, kvCacheTokens: 16_384 }],
  ['llamacpp', llamacpp(), { running: 3, waiting: 1 }],
  ['llamacpp-old', llamacpp(), { running: 0, waiting: 0, kvCacheUsage: 0.491063 }],
  [
    'tensorrt-llm',
    tensorrtLlm(),
    { running: 3, waiting: 4, kvCacheUsage: 0.62, prefixCacheHitRate: 0.3, kvCacheTokens: 128_000 },
  ],
  [
    'triton',
    triton(),
    {
      running: 4,
      waiting: 3,
      kvCacheUsage: 0.6,
      kvCacheTokens: 400_000,
      gpuUtilization: 0.8,
      vramUsage: 0.75,
    },
  ],
  ['triton-old', triton(), { running: 1 }],
  ['dcgm', dcgm(), { gpuUtilization: 0.6, vramUsage: 0.6 }],
  ['dcgm-old', dcgm(), { gpuUtilization: 0, vramUsage: 1057 / 8121 }],
  [
    'llamacpp-old',
    prometheusText({
      waiting: 'llamacpp:requests_deferred',
      kvCacheUsage: ['none', 'llamacpp:kv_cache_usage_ratio'],
    }),
    { waiting: 0, kvCacheUsage: 0.491063 },
  ],
];

for (const [page, parser, readings] of PAGES) {
  const text = readFileSync(`test/unit/signals/fixtures/${page}.prom`, 'utf8');
  signalConformance(`${parser.name} on ${page}.prom`, parser, { describe, it, page: text, readings });
}
