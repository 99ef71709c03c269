// To test a policy of your own, copy this file beside the others of its kind and put yours in the place of roundRobin.
import { describe, expect, it } from 'vitest';
import { roundRobin as myPolicy } from '../../../src/policies/round-robin.js';
import { fakeEndpoint, fakeRequest, policyConformance, seededRandom } from '../../../src/testing/index.js';

policyConformance('myPolicy', () => myPolicy(), { describe, it });

describe('myPolicy', () => {
  it('gives three of four turns to an endpoint of weight 3 beside one of weight 1', () => {
    // What the balancer would lend it.
    const context = { random: seededRandom(1), now: () => 0, report: () => {} };
    const endpoints = [fakeEndpoint('heavy', { weight: 3 }), fakeEndpoint('light')];
    const policy = myPolicy();
    const chosen = [1, 2, 3, 4].map(() => policy.select(endpoints, fakeRequest(), context)?.id);
    expect(chosen.filter((id) => id === 'heavy')).toHaveLength(3);
  });
});
