import { describe, expect, it } from 'vitest';
import type { LoadReadings } from '../../../src/core/load-report.js';
import { LoadReadout } from '../../../src/state/load-readout.js';
import { manualClock } from '../../../src/testing/manual-clock.js';

function setUp() {
  const clock = manualClock();
  const readout = new LoadReadout(clock);
  const observe = (source: string, readings: LoadReadings, freshFor = 1_000, ownOutstanding = 0) =>
    readout.observe(source, { ...readings, observedAt: clock.now(), ownOutstanding }, freshFor);
  return { clock, readout, observe, start: clock.now() };
}

describe('LoadReadout', () => {
  it('has nothing before the first report', () => {
    expect(setUp().readout.fresh).toBeUndefined();
  });

  it('shows a report until it expires, and then nothing rather than something old', () => {
    const { clock, readout, observe, start } = setUp();
    observe('vllm', { running: 3 }, 1_000, 2);
    clock.advance(999);
    expect(readout.fresh).toEqual({ running: 3, observedAt: start, ownOutstanding: 2 });
    clock.advance(1);
    expect(readout.fresh).toBeUndefined();
  });

  it('replaces a report by the next one, whose missing readings are missing', () => {
    const { clock, readout, observe, start } = setUp();
    observe('vllm', { running: 3, waiting: 1 });
    clock.advance(10);
    observe('vllm', { running: 4 });
    expect(readout.fresh).toEqual({ running: 4, observedAt: start + 10, ownOutstanding: 0 });
  });

  it('joins several sources, as old as the older one', () => {
    const { clock, readout, observe, start } = setUp();
    observe('vllm', { running: 3 }, 1_000, 5);
    clock.advance(10);
    observe('dcgm', { gpuUtilization: 0.9 }, 1_000, 7);
    const joined = { running: 3, gpuUtilization: 0.9, observedAt: start, ownOutstanding: 5 };
    expect(readout.fresh).toEqual(joined);
    expect(readout.fresh).toBe(readout.fresh);
    clock.advance(5);
    observe('vllm', { running: 4 }, 1_000, 8);
    expect(readout.fresh).toMatchObject({ running: 4, gpuUtilization: 0.9, observedAt: start + 10 });
  });

  it('drops a source that has expired and keeps the other', () => {
    const { clock, readout, observe } = setUp();
    observe('vllm', { running: 3 }, 1_000);
    observe('dcgm', { gpuUtilization: 0.9 }, 5_000);
    clock.advance(1_000);
    expect(readout.fresh).toMatchObject({ gpuUtilization: 0.9 });
    expect(readout.fresh).not.toHaveProperty('running');
  });

  it('lets the headers of an answer amend a fresh report without making it younger', () => {
    const { clock, readout, observe, start } = setUp();
    observe('vllm', { running: 3, waiting: 0, kvCacheUsage: 0.1 }, 1_000, 2);
    clock.advance(500);
    readout.amend('vllm', { waiting: 4 }, { outstanding: 9, freshFor: 1_000 });
    expect(readout.fresh).toEqual({
      running: 3,
      waiting: 4,
      kvCacheUsage: 0.1,
      observedAt: start,
      ownOutstanding: 2,
    });
    clock.advance(500);
    expect(readout.fresh).toBeUndefined();
  });

  it('takes the headers of an answer for a report where there is none that is fresh', () => {
    const { clock, readout, observe, start } = setUp();
    observe('vllm', { running: 3 }, 1_000);
    clock.advance(1_000);
    readout.amend('vllm', { waiting: 4 }, { outstanding: 9, freshFor: 1_000 });
    expect(readout.fresh).toEqual({ waiting: 4, observedAt: start + 1_000, ownOutstanding: 9 });
  });

  it('begins anew: what was read before counts no more, nor what was being read', () => {
    const { clock, readout, observe, start } = setUp();
    observe('vllm', { running: 3 });
    clock.advance(10);
    readout.renew();
    expect(readout.fresh).toBeUndefined();
    readout.observe('vllm', { running: 3, observedAt: start + 9, ownOutstanding: 0 }, 1_000);
    expect(readout.fresh).toBeUndefined();
    readout.observe('vllm', { running: 1, observedAt: start + 10, ownOutstanding: 0 }, 1_000);
    expect(readout.fresh).toMatchObject({ running: 1 });
  });

  it('takes headers for a report before there is any', () => {
    const { readout, start } = setUp();
    readout.amend('vllm', { waiting: 4 }, { outstanding: 9, freshFor: 1_000 });
    expect(readout.fresh).toEqual({ waiting: 4, observedAt: start, ownOutstanding: 9 });
  });

  it('forgets a source that is not read any more', () => {
    const { readout, observe } = setUp();
    observe('vllm', { running: 3 });
    readout.forget('vllm');
    expect(readout.fresh).toBeUndefined();
  });
});
