import { describe, expect, it } from 'vitest';
import { RollingQuantile } from '../../../src/state/rolling-quantile.js';

describe('RollingQuantile', () => {
  it('knows nothing before it has enough samples', () => {
    const quantile = new RollingQuantile(0.95, 20);
    for (let sample = 20; sample > 1; sample--) quantile.add(sample);
    expect(quantile.value).toBeUndefined();
    quantile.add(1);
    expect(quantile.value).toBe(19);
  });

  it('follows the latest 256 samples and forgets those before', () => {
    const quantile = new RollingQuantile(0.5, 1);
    for (let sample = 0; sample < 1_000; sample++) quantile.add(10);
    expect(quantile.value).toBe(10);
    for (let sample = 0; sample < 256; sample++) quantile.add(70);
    expect(quantile.value).toBe(70);
  });

  it('is worked out again after 16 samples, not at each', () => {
    const quantile = new RollingQuantile(0.999, 1);
    quantile.add(5);
    for (let sample = 0; sample < 15; sample++) quantile.add(9);
    expect(quantile.value).toBe(5);
    quantile.add(9);
    expect(quantile.value).toBe(9);
  });
});
