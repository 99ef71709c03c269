import { describe, expect, it } from 'vitest';
import { orcaHeaders, orcaText } from '../../../src/core/orca-header.js';

describe('orcaText', () => {
  it.each([
    ['kv_cache_usage_perc=0.5', { kvCacheUsage: 0.5 }],
    ['kv_cache_utilization=0.5', { kvCacheUsage: 0.5 }],
    ['named_metrics.kv_cache_usage=0.5', { kvCacheUsage: 0.5 }],
    ['num_requests_waiting=2,num_requests_running=3', { waiting: 2, running: 3 }],
    ['gpu_utilization=0.7, gpu_memory_utilization=0.8', { gpuUtilization: 0.7, vramUsage: 0.8 }],
    ['maxTokenCapacity:4096', { kvCacheTokens: 4096 }],
  ])('reads %s', (text, readings) => {
    expect(orcaText(text)).toEqual(readings);
  });

  it.each(['TEXT num_requests_running=3', '  text   num_requests_running = 3 ', 'num_requests_running=3'])(
    'minds neither blanks nor the word before the figures: %j',
    (text) => {
      expect(orcaText(text)).toEqual({ running: 3 });
    },
  );

  it('reads the figures of a JSON report and of the maps in it, and passes over all else', () => {
    const report = {
      num_requests_running: 3,
      named_metrics: { kv_cache_usage: 0.5, num_requests_waiting: '7' },
      utilization: null,
      queues: [{ num_requests_waiting: 9 }],
      engine: 'vllm',
    };
    expect(orcaText(`JSON  ${JSON.stringify(report)}`)).toEqual({ running: 3, kvCacheUsage: 0.5 });
  });

  it.each(['', '=', 'num_requests_running', 'num_requests_running= ', 'cpu=1', 'JSON {"num', 'JSON null'])(
    'finds nothing in %j',
    (text) => {
      expect(orcaText(text)).toBeUndefined();
    },
  );
});

describe('orcaHeaders', () => {
  it('reads the header, also where it came several times, and nothing where there is none', () => {
    const name = 'endpoint-load-metrics';
    expect(orcaHeaders({ [name]: 'num_requests_running=3' })).toEqual({ running: 3 });
    const several = ['num_requests_running=3', 'num_requests_waiting=1'];
    expect(orcaHeaders({ [name]: several })).toEqual({ running: 3, waiting: 1 });
    expect(orcaHeaders({})).toBeUndefined();
  });
});
