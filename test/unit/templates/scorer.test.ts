// To test a scorer of your own, copy this file beside the others of its kind and put yours in the place of kvCache.
import { describe, expect, it } from 'vitest';
import { kvCache as myScorer } from '../../../src/scorers/kv-cache.js';
import { fakeEndpoint, fakeRequest, scorerConformance } from '../../../src/testing/index.js';

scorerConformance('myScorer', () => myScorer(), { describe, it });

describe('myScorer', () => {
  it('rates 0.75 at a usage of 0.85, and does not know without a reading', () => {
    const used = fakeEndpoint('used', { load: { kvCacheUsage: 0.85, observedAt: 0, ownOutstanding: 0 } });
    const [rating, unknown] = myScorer().score([used, fakeEndpoint('silent')], fakeRequest());
    expect(rating).toBeCloseTo(0.75);
    expect(unknown).toBeUndefined();
  });
});
