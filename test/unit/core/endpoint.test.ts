import { describe, expect, it } from 'vitest';
import { ENDPOINT_STATES, effectiveWeight, inService, loadAfterPick } from '../../../src/core/endpoint.js';
import { fakeEndpoint } from '../../../src/testing/fake-endpoint.js';

describe('effectiveWeight', () => {
  it('is the weight times slow start', () => {
    expect(effectiveWeight(fakeEndpoint('e', { weight: 3, slowStart: 0.5 }))).toBe(1.5);
  });
});

describe('loadAfterPick', () => {
  it('counts the request to come, so that of two idle endpoints the heavier is the less loaded', () => {
    expect(loadAfterPick(fakeEndpoint('heavy', { weight: 4 }))).toBe(0.25);
    expect(loadAfterPick(fakeEndpoint('light'))).toBe(1);
    expect(loadAfterPick(fakeEndpoint('busy', { weight: 2, outstanding: 5 }))).toBe(3);
  });

  it('is infinite for weight 0', () => {
    expect(loadAfterPick(fakeEndpoint('drained', { weight: 0 }))).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('inService', () => {
  it('holds for what serves or would if it were not full, cooling off or held back by its breaker', () => {
    const states = ENDPOINT_STATES.filter((state) =>
      inService(fakeEndpoint('e', { state, available: false })),
    );
    expect(states).toEqual(['healthy', 'cooling-off', 'open', 'half-open', 'suspect']);
  });

  it('holds for no endpoint of weight 0', () => {
    expect(inService(fakeEndpoint('switched-off', { weight: 0 }))).toBe(false);
  });
});
