import { describe, it } from 'vitest';
import { adapterAffinity } from '../../src/scorers/adapter-affinity.js';
import { gpuUtilization } from '../../src/scorers/gpu-utilization.js';
import { kvCache } from '../../src/scorers/kv-cache.js';
import { latency } from '../../src/scorers/latency.js';
import { outstanding } from '../../src/scorers/outstanding.js';
import { pendingPrefill } from '../../src/scorers/pending-prefill.js';
import { prefixAffinity } from '../../src/scorers/prefix-affinity.js';
import { queueDepth } from '../../src/scorers/queue-depth.js';
import { session } from '../../src/scorers/session.js';
import { scorerConformance } from '../../src/testing/scorer-conformance.js';

const runner = { describe, it };

scorerConformance('outstanding', outstanding, runner);
scorerConformance('latency', latency, runner);
scorerConformance('pendingPrefill', pendingPrefill, runner);
scorerConformance(
  'pendingPrefill that knows of caches',
  () => pendingPrefill({ cached: (_endpoint, request) => request.promptTokens }),
  runner,
);
scorerConformance('prefixAffinity', prefixAffinity, runner);
scorerConformance('queueDepth', queueDepth, runner);
scorerConformance('kvCache', kvCache, runner);
scorerConformance('gpuUtilization', gpuUtilization, runner);
scorerConformance('adapterAffinity', adapterAffinity, runner);
scorerConformance('session', session, { ...runner, even: false });
scorerConformance('a function of one endpoint', () => (endpoint) => 1 / (1 + endpoint.outstanding), runner);
