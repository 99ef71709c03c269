import { describe, expect, it } from 'vitest';
import { InvalidOptionError } from '../../../src/errors.js';
import { resolveHedgeOptions } from '../../../src/retries/hedge-options.js';

describe('the hedge options', () => {
  it.each([undefined, false])('are none for %s', (options) => {
    expect(resolveHedgeOptions(options)).toBeUndefined();
  });

  it.each([true, {}])('have the documented defaults for %j', (options) => {
    expect(resolveHedgeOptions(options)).toEqual({
      quantile: 0.95,
      minDelay: 500,
      minimumRequests: 20,
      ratio: 0.05,
    });
  });

  it('may be at their bounds', () => {
    const least = { quantile: 0.001, minDelay: 0, minimumRequests: 1, ratio: 0.001 };
    expect(resolveHedgeOptions(least)).toEqual(least);
    expect(resolveHedgeOptions({ quantile: 0.999, ratio: 1 })).toMatchObject({ quantile: 0.999, ratio: 1 });
  });

  it.each<[unknown, string, string]>([
    ['yes', 'hedge', 'must be an object'],
    [{ quantile: 0 }, 'hedge.quantile', 'must be a finite number, above 0 and at most 0.999'],
    [{ quantile: 1 }, 'hedge.quantile', 'must be a finite number, above 0 and at most 0.999'],
    [{ minDelay: -1 }, 'hedge.minDelay', 'must be a finite number, at least 0'],
    [{ minimumRequests: 0 }, 'hedge.minimumRequests', 'must be an integer, at least 1'],
    [{ minimumRequests: 1.5 }, 'hedge.minimumRequests', 'must be an integer, at least 1'],
    [{ ratio: 0 }, 'hedge.ratio', 'must be a finite number, above 0 and at most 1'],
    [{ ratio: 1.1 }, 'hedge.ratio', 'must be a finite number, above 0 and at most 1'],
    [{ delay: 5 }, 'hedge.delay', 'is not known (known: quantile, minDelay, minimumRequests, ratio)'],
  ])('refuse %j', (options, option, rule) => {
    expect(() => resolveHedgeOptions(options as never)).toThrow(
      expect.objectContaining({ constructor: InvalidOptionError, option, rule }),
    );
  });
});
