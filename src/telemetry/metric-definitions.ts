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
  retries_denied_total: {
    help: 'Retries that were called for and not made, by why (budget, attempts-exhausted, no-endpoint).',
    labels: ['reason'],
    *read({ denials }) {
      for (const [reason, count] of Object.entries(denials)) yield [{ reason }, count];
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
  streams_broken_total: {
    help: 'Answers that broke off, or stalled, when the caller had part of them and a status that was good.',
    labels: [],
    *read({ broken }) {
      yield [{}, broken];
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
  tier_endpoints: {
    help: 'Endpoints of a weight above 0, by tier and state.',
    labels: ['tier', 'state'],
    *read(_tally, { endpoints }) {
      const weighty = endpoints.filter(({ weight }) => weight > 0);
      for (const tier of new Set(weighty.map((endpoint) => endpoint.tier)))
        for (const state of ENDPOINT_STATES) {
          const count = weighty.filter((one) => one.tier === tier && one.state === state).length;
          yield [{ tier: String(tier), state }, count];
        }
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
