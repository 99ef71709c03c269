import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { InvalidOptionError } from '../../../src/errors.js';
import { dcgm } from '../../../src/signals/dcgm.js';
import { orca } from '../../../src/signals/orca.js';
import { prometheusText } from '../../../src/signals/prometheus-text.js';
import { sglang } from '../../../src/signals/sglang.js';
import { triton } from '../../../src/signals/triton.js';
import { vllm } from '../../../src/signals/vllm.js';

describe('a parser', () => {
  it('can be used as it stands, which is the one without options', () => {
    const page = 'vllm:num_requests_running 3';
    expect([vllm.name, vllm.path, vllm.parse(page)]).toEqual(['vllm', '/metrics', { running: 3 }]);
    expect(vllm()).toMatchObject({ name: 'vllm', path: '/metrics' });
  });

  it('can be told which series are the endpoint’s', () => {
    const page = readFileSync('test/unit/signals/fixtures/dcgm.prom', 'utf8');
    expect(dcgm({ labels: { gpu: '1' } }).parse(page)).toEqual({ gpuUtilization: 0.2, vramUsage: 0.4 });
    expect(dcgm({ labels: { pod: 'other' } }).parse(page)).toEqual({ gpuUtilization: 0.97 });
  });

  it.each([{ label: {} }, { labels: 'gpu' }, { labels: { gpu: 0 } }])('refuses %j', (options) => {
    expect(() => dcgm(options as object)).toThrow(InvalidOptionError);
  });
});

describe('vllm', () => {
  it('reads names with an underscore in place of the colon, as Ray writes them', () => {
    expect(vllm.parse('vllm_num_requests_waiting{engine="0"} 4')).toEqual({ waiting: 4 });
  });

  it('reads today’s name where an old one stands beside it', () => {
    expect(vllm.parse('vllm:gpu_cache_usage_perc 0.1\nvllm:kv_cache_usage_perc 0.2\n')).toEqual({
      kvCacheUsage: 0.2,
    });
  });

  it('knows a server that sleeps, whose counts of 0 are no sign of idleness', () => {
    const page = (awake: number, offloaded: number) =>
      `vllm:engine_sleep_state{sleep_state="awake"} ${awake}\n` +
      `vllm:engine_sleep_state{sleep_state="weights_offloaded"} ${offloaded}\n`;
    expect(vllm.parse(page(0, 1))).toEqual({ asleep: true });
    expect(vllm.parse(page(1, 0))).toEqual({ asleep: false });
  });

  it('has no hit rate before the first query', () => {
    expect(vllm.parse('vllm:prefix_cache_queries_total 0\nvllm:prefix_cache_hits_total 0\n')).toBeUndefined();
  });

  it('takes the newest list of adapters of each engine', () => {
    const page =
      'vllm:lora_requests_info{engine="0",max_lora="2",running_lora_adapters="a",waiting_lora_adapters=""} 5\n' +
      'vllm:lora_requests_info{engine="1",max_lora="2",running_lora_adapters="b, c",waiting_lora_adapters="a"} 4\n' +
      'vllm:lora_requests_info{engine="1",max_lora="2",running_lora_adapters="old",waiting_lora_adapters=""} 3\n';
    expect(vllm.parse(page)).toEqual({
      adapters: ['a', 'b', 'c'],
      waitingAdapters: ['a'],
      maxAdapters: 2,
    });
  });

  it('takes counts below 0 for mistakes, and keeps ratios within 1', () => {
    expect(vllm.parse('vllm:num_requests_running -1\nvllm:kv_cache_usage_perc 1.02\n')).toEqual({
      kvCacheUsage: 1,
    });
  });
});

describe('sglang', () => {
  it('adds priorities up where there is no sum of them', () => {
    const page = 'sglang:num_queue_reqs{priority="0"} 2\nsglang:num_queue_reqs{priority="1"} 3\n';
    expect(sglang.parse(page)).toEqual({ waiting: 5 });
  });
});

describe('triton', () => {
  it('takes pending requests for waiting ones where no TensorRT-LLM is', () => {
    const page = 'nv_inference_pending_request_count{model="llama-7b",version="1"} 4\n';
    expect(triton.parse(page)).toEqual({ waiting: 4 });
  });
});

describe('prometheusText', () => {
  it('adds counts up and averages ratios', () => {
    const mine = prometheusText({ running: 'jobs', kvCacheUsage: 'memory' }, { labels: { zone: 'a' } });
    const page = 'jobs{n="1"} 2\njobs{n="2"} 3\njobs{zone="b"} 9\nmemory{n="1"} 0.5\nmemory{n="2"} 1\n';
    expect(mine.parse(page)).toEqual({ running: 5, kvCacheUsage: 0.75 });
  });

  it.each([undefined, {}, { running: [] }, { running: 3 }, { runing: 'jobs' }])('refuses %j', (names) => {
    expect(() => prometheusText(names as object)).toThrow(InvalidOptionError);
  });
});

describe('orca', () => {
  const read = (value: string) => orca.parseHeaders?.({ 'endpoint-load-metrics': value });

  it.each([
    'TEXT named_metrics.kv_cache_usage_perc=0.4, named_metrics.num_requests_waiting=3.0',
    'text named_metrics.kv_cache_utilization=0.4,named_metrics.num_requests_waiting=3',
    'named_metrics.kvCacheUtilization=0.4, named_metrics.numRequestsWaiting=3',
    'JSON {"named_metrics": {"kv_cache_usage_perc": 0.4, "num_requests_waiting": 3.0}}',
    '{"cpu_utilization": 0.9, "named_metrics": {"kv_cache_utilization": 0.4}, "num_requests_waiting": 3}',
  ])('reads %s', (value) => {
    expect(read(value)).toEqual({ kvCacheUsage: 0.4, waiting: 3 });
  });

  it.each([
    '',
    'TEXT',
    'JSON',
    'JSON {',
    'JSON null',
    'JSON {"named_metrics": null}',
    'JSON {"named_metrics": {"kv_cache_utilization": "0.4"}}',
    'TEXT cpu_utilization=0.9',
    'TEXT named_metrics.kv_cache_utilization=',
    'TEXT named_metrics.kv_cache_utilization=NaN',
    'BIN CZqZmZmZmbk/',
  ])('has no reading in %j', (value) => {
    expect(read(value)).toBeUndefined();
  });

  it('has none in an answer without the header', () => {
    expect(orca.parseHeaders?.({ 'content-type': 'application/json' })).toBeUndefined();
  });

  it('has no page, and asks for the header with every request', () => {
    expect(orca.path).toBeUndefined();
    expect(orca().requestHeaders).toEqual({ 'endpoint-load-metrics-format': 'JSON' });
  });

  it('is read by vllm and triton too, where the server sends it', () => {
    const headers = { 'endpoint-load-metrics': 'TEXT named_metrics.num_requests_waiting=3.0' };
    for (const parser of [vllm(), triton()]) expect(parser.parseHeaders?.(headers)).toEqual({ waiting: 3 });
  });
});
