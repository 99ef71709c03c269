import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/testing/seeded-random.js';

describe('seededRandom', () => {
  it('gives the same numbers for the same seed and others for another', () => {
    const take = (seed: number) => Array.from({ length: 20 }, seededRandom(seed));
    expect(take(7)).toEqual(take(7));
    expect(take(7)).not.toEqual(take(8));
  });

  it('gives these numbers on every machine', () => {
    expect(Array.from({ length: 4 }, seededRandom(1))).toEqual([
      0.4494886628817767, 0.4665925882291049, 0.6713631262537092, 0.9794882151763886,
    ]);
    expect(seededRandom(-7)()).toBe(0.6813505224417895);
  });

  it('is uniform over ten bins within two percent of a hundred thousand draws, for neighbouring seeds', () => {
    for (const seed of [0, 1, 2, -1]) {
      const random = seededRandom(seed);
      const bins = new Array<number>(10).fill(0);
      for (let draw = 0; draw < 100_000; draw++) {
        const value = random();
        const bin = Math.floor(value * 10);
        bins[bin] = (bins[bin] ?? 0) + 1;
      }
      // A value outside [0, 1) would have made an eleventh bin.
      expect(bins.length).toBe(10);
      for (const count of bins) expect(Math.abs(count - 10_000), `seed ${seed}`).toBeLessThan(400);
    }
  });

  it('starts neighbouring seeds far apart', () => {
    const firsts = Array.from({ length: 1000 }, (_, seed) => seededRandom(seed)());
    const mean = firsts.reduce((sum, value) => sum + value, 0) / firsts.length;
    expect(mean).toBeGreaterThan(0.45);
    expect(mean).toBeLessThan(0.55);
  });
});
