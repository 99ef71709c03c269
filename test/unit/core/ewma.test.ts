import { describe, expect, it } from 'vitest';
import { Ewma } from '../../../src/core/ewma.js';

describe('Ewma', () => {
  it('is unknown until the first sample, and then that sample', () => {
    const average = new Ewma(1000);
    expect(average.value).toBeUndefined();
    average.add(40, 5);
    expect(average.value).toBe(40);
  });

  it('goes by time, not by the number of samples', () => {
    const average = new Ewma(1000);
    average.add(0, 0);
    average.add(100, 1000);
    expect(average.value).toBeCloseTo(100 * (1 - 1 / Math.E), 6);
    for (let sample = 0; sample < 50; sample++) average.add(0, 1000);
    expect(average.value).toBeCloseTo(100 * (1 - 1 / Math.E), 6);
  });

  it('keeps 1/e of what it was through a decay, and takes the rest from the sample', () => {
    const average = new Ewma(1000);
    average.add(50, 0);
    average.add(100, 1000);
    expect(average.value).toBeCloseTo(100 - 50 / Math.E, 6);
  });

  it('ignores samples that are no number', () => {
    const average = new Ewma(1000);
    average.add(Number.NaN, 0);
    expect(average.value).toBeUndefined();
    average.add(10, 0);
    average.add(Number.POSITIVE_INFINITY, 500);
    expect(average.value).toBe(10);
  });
});
