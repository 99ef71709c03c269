import { ENDPOINT_STATES } from '../core/endpoint.js';
import type { Definition, Series } from './definition.js';
import { MODEL_COUNTERS, SCALING_GAUGES } from './scaling-metrics.js';

export const COUNTERS: Readonly<Record<string, Definition>> = {
  http_requests_total: {
    help: 'Requests that are over, by the status the caller saw; 499 when the caller left first.',
    labels: ['status'],
    *read({ requests }) {
      for (const [status, count] of requests) yield [{ status: String(status) }, count];
    },
  },
  attempts_total: {
    help: 'Attempts that are over, by endpoint and outcome.',
    labels: ['endpoint', 'outcome'],
    *read({ endpoints }) {
      for (const [endpoint, { attempts }] of endpoints)
        for (const [outcome, count] of Object.entries(attempts)) yield [{ endpoint, outcome }, count];
    },
  },
  retries_total: {
    help: 'Retries, by what the attempt before them came to.',
    labels: ['reason'],
    *read({ retries }) {
      for (const [reason, count] of retries) yield [{ reason }, count];
    },
  },
  hedges_total: {
    help: 'Second attempts beside a slow one, by how they ended (won, lost, failed, denied).',
    labels: ['result'],
    *read({ hedges }) {
      for (const [result, count] of hedges) yield [{ result }, count];
    },
  },
  streams_resumed_total: {
    help: 'Times that a stream broke off and went on, with the `resume` option.',
    labels: [],
    *read({ resumed }) {
      yield [{}, resumed];
    },
  },
  tokens_total: {
    help: 'Tokens by endpoint and type (prompt, completion); completions without a usage report by content events.',
    labels: ['endpoint', 'type'],
    *read({ endpoints }) {
      for (const [endpoint, { tokens }] of endpoints)
        for (const [type, count] of Object.entries(tokens)) yield [{ endpoint, type }, count];
    },
  },
  ...MODEL_COUNTERS,
};

export const GAUGES: Readonly<Record<string, Definition>> = {
  request_queue_depth: {
    help: 'Requests waiting for admission.',
    labels: [],
    *read(_tally, balancer) {
      yield [{}, balancer.snapshot().queued];
    },
  },
  ...SCALING_GAUGES,
  endpoint_outstanding_requests: {
    help: 'Requests sent to an endpoint and not settled.',
    labels: ['endpoint'],
    *read(_tally, { endpoints }) {
      for (const { id, outstanding } of endpoints) yield [{ endpoint: id }, outstanding];
    },
  },
  endpoint_available: {
    help: '1 when a request could be sent to the endpoint now, else 0.',
    labels: ['endpoint'],
    *read(_tally, { endpoints }) {
      for (const { id, available } of endpoints) yield [{ endpoint: id }, available ? 1 : 0];
    },
  },
  endpoint_state: {
    help: '1 for the state that an endpoint is in, 0 for the others.',
    labels: ['endpoint', 'state'],
    *read(_tally, { endpoints }) {
      for (const { id, state: current } of endpoints)
        for (const state of ENDPOINT_STATES) yield [{ endpoint: id, state }, state === current ? 1 : 0];
    },
  },
  endpoint_kv_cache_usage_ratio: {
    help: 'Used share of the KV cache, as the engine tells it; absent without a fresh reading.',
    labels: ['endpoint'],
    read: readings('kvCacheUsage'),
  },
  endpoint_gpu_utilization_ratio: {
    help: 'Share of time in which the GPU was busy; absent without a fresh reading.',
    labels: ['endpoint'],
    read: readings('gpuUtilization'),
  },
  endpoint_vram_used_ratio: {
    help: 'Used share of GPU memory; absent without a fresh reading.',
    labels: ['endpoint'],
    read: readings('vramUsage'),
  },
  endpoint_requests_waiting: {
    help: "Requests that wait inside the engine, everybody's; absent without a fresh reading.",
    labels: ['endpoint'],
    read: readings('waiting'),
  },
};

/** One reading of every endpoint that has it: an unknown load is no load of 0. */
function readings(reading: 'kvCacheUsage' | 'gpuUtilization' | 'vramUsage' | 'waiting'): Series {
  return function* (_tally, { endpoints }) {
    for (const { id, load } of endpoints) {
      const value = load?.[reading];
      if (value !== undefined) yield [{ endpoint: id }, value];
    }
  };
}

/** OpenTelemetry's for LLM servers, and on to 40 s: a prompt may wait behind others. */
const FIRST_TOKEN_BUCKETS = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40,
];

export type HistogramName =
  | 'request_duration_seconds'
  | 'time_to_first_token_seconds'
  | 'time_per_output_token_seconds'
  | 'request_queue_wait_seconds';

export const HISTOGRAMS: Readonly<Record<HistogramName, { help: string; buckets: readonly number[] }>> = {
  request_duration_seconds: {
    help: 'From a request coming in to the end of its answer, retries and queueing included.',
    // OpenTelemetry's for LLM clients end at 81.92; clients wait for 600 s and longer.
    buckets: [
      0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92, 163.84, 327.68,
      655.36,
    ],
  },
  time_to_first_token_seconds: {
    help: 'Streams: from sending an attempt to its first content.',
    buckets: FIRST_TOKEN_BUCKETS,
  },
  time_per_output_token_seconds: {
    help: 'Streams: mean time between the content events of an attempt.',
    // OpenTelemetry's, with three below them: small models on fast hardware.
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5],
  },
  request_queue_wait_seconds: {
    help: 'How long requests waited for admission, those that had to.',
    buckets: FIRST_TOKEN_BUCKETS,
  },
};
