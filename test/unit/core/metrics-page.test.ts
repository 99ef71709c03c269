import { describe, expect, it } from 'vitest';
import { bothWays, known, MetricsPage, ratio } from '../../../src/core/metrics-page.js';

describe('MetricsPage', () => {
  const hits = ['hits'];
  const queries = ['queries'];
  const page = (text: string) => new MetricsPage(text, [hits, queries], undefined);

  it('gives one figure as a share of another, of all their series', () => {
    const text = 'hits{rank="0"} 1\nhits{rank="1"} 2\nqueries{rank="0"} 4\nqueries{rank="1"} 8';
    expect(page(text).share(hits, queries)).toBe(0.25);
  });

  it('knows no share of a figure that is missing', () => {
    expect(page('hits 1').share(hits, queries)).toBeUndefined();
    expect(page('queries 1').share(hits, queries)).toBeUndefined();
  });
});

describe('ratio', () => {
  it('of no queries is not known, and no hits of some are 0', () => {
    expect([ratio(0, 0), ratio(3, -1), ratio(0, 4)]).toEqual([undefined, undefined, 0]);
  });
});

describe('bothWays', () => {
  it('looks for a name with a colon with an underscore too, and for any other as it is', () => {
    expect(bothWays('vllm:running', 'waiting')).toEqual(['vllm:running', 'vllm_running', 'waiting']);
  });
});

describe('known', () => {
  it('takes a count of 0 for a reading, and one below 0 for none', () => {
    expect(known({ running: 0, waiting: -1 })).toEqual({ running: 0 });
  });

  it('is nothing where nothing is known', () => {
    expect(known({ running: undefined, waiting: Number.NaN })).toBeUndefined();
  });

  it('holds shares to 1, and leaves counts alone', () => {
    const over = { kvCacheUsage: 1.2, prefixCacheHitRate: 1.2, gpuUtilization: 1.2, vramUsage: 1.2 };
    expect(known({ ...over, running: 40 })).toEqual({
      kvCacheUsage: 1,
      prefixCacheHitRate: 1,
      gpuUtilization: 1,
      vramUsage: 1,
      running: 40,
    });
  });
});
