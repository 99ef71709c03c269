import { describe, expect, it } from 'vitest';
import { InvalidOptionError } from '../../../src/errors.js';
import { resolveSlowStartOptions, SlowStart } from '../../../src/state/slow-start.js';

describe('slow start', () => {
  it('case 13: is off at start-up: the full weight until it is begun', () => {
    expect(new SlowStart(resolveSlowStartOptions()).factor(0)).toBe(1);
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
    ['window', 0],
    ['minFactor', 0],
    ['minFactor', 1.5],
    ['aggression', -1],
    ['duration', 5],
  ])('refuses %s of %s', (name, value) => {
    const resolve = () => resolveSlowStartOptions({ [name]: value });
    expect(resolve).toThrow(InvalidOptionError);
    expect(resolve).toThrow(`\`slowStart.${name}\``);
  });
});
