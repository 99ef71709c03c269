import { describe, expect, it } from 'vitest';
import { InvalidOptionError } from '../../../src/errors.js';
import { resolveSlowStartOptions, SlowStart } from '../../../src/state/slow-start.js';

describe('slow start', () => {
  it('case 13: is off at start-up: the full weight until it is begun', () => {
    const slowStart = new SlowStart(resolveSlowStartOptions());
    expect([slowStart.begun, slowStart.factor(0)]).toEqual([false, 1]);
    slowStart.begin(0);
    expect(slowStart.begun).toBe(true);
  });

  it('case 13: begins at a tenth and rises evenly over 30 s', () => {
    const slowStart = new SlowStart(resolveSlowStartOptions());
    slowStart.begin(1_000);
    const factors = [0, 1_500, 3_000, 15_000, 29_999, 30_000, 1e9].map((ms) => slowStart.factor(1_000 + ms));
    expect(factors).toEqual([0.1, 0.1, 0.1, 0.5, 29_999 / 30_000, 1, 1]);
  });

  it('bends by its aggression', () => {
    const slowStart = new SlowStart(resolveSlowStartOptions({ window: 100, minFactor: 0.01, aggression: 2 }));
    slowStart.begin(0);
    expect(slowStart.factor(25)).toBe(0.5);
  });

  it('begins anew when it is begun again', () => {
    const slowStart = new SlowStart(resolveSlowStartOptions());
    slowStart.begin(0);
    slowStart.begin(60_000);
    expect(slowStart.factor(60_000)).toBe(0.1);
  });

  it('can be switched off', () => {
    const slowStart = new SlowStart(resolveSlowStartOptions(false));
    slowStart.begin(0);
    expect(slowStart.factor(0)).toBe(1);
  });

  it.each([
    ['window', 0, 'must be a finite number, above 0'],
    ['minFactor', 0, 'must be a finite number, above 0 and at most 1'],
    ['minFactor', 1.5, 'must be a finite number, above 0 and at most 1'],
    ['aggression', 0, 'must be a finite number, above 0'],
    ['duration', 5, 'is not known (known: window, minFactor, aggression)'],
  ])('refuses %s of %s', (name, value, rule) => {
    expect(() => resolveSlowStartOptions({ [name]: value })).toThrow(
      expect.objectContaining({ constructor: InvalidOptionError, option: `slowStart.${name}`, rule }),
    );
  });
});
