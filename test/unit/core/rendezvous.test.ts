import { describe, expect, it } from 'vitest';
import { hashText, rendezvousScore } from '../../../src/core/rendezvous.js';

describe('hashText', () => {
  it('tells a hundred thousand similar texts apart', () => {
    const hashes = new Set(
      Array.from({ length: 100_000 }, (_, index) => hashText(`session-${index}`).join()),
    );
    expect(hashes.size).toBe(100_000);
  });

  it('gives what it gave in the first release, so that keys stay home over an upgrade', () => {
    expect(hashText('http://10.0.0.1:8000')).toEqual([-1726373591, -2124492685]);
  });
});

describe('rendezvousScore', () => {
  it('is positive and finite, and grows with the weight', () => {
    for (let key = 0; key < 1000; key++) {
      const one = rendezvousScore(hashText(`k${key}`), hashText('e'), 1);
      expect(one).toBeGreaterThan(0);
      expect(Number.isFinite(one)).toBe(true);
      expect(rendezvousScore(hashText(`k${key}`), hashText('e'), 2)).toBeCloseTo(2 * one, 9);
    }
  });

  it('gives what it gave in the first release', () => {
    expect(rendezvousScore(hashText('session-1'), hashText('a'), 1)).toBeCloseTo(19.778134981554707, 12);
  });

  it('is 0 for weight 0', () => {
    expect(rendezvousScore(hashText('k'), hashText('e'), 0)).toBeCloseTo(0, 12);
  });
});
