import { describe, expect, it } from 'vitest';
import { InvalidOptionError } from '../../../src/errors.js';
import { resolveBreakerOptions } from '../../../src/state/breaker-options.js';

describe('the breaker options', () => {
  it('have the documented defaults', () => {
    expect(resolveBreakerOptions()).toEqual({
      consecutiveFailures: 5,
      failureRatio: 0.5,
      minimumRequests: 10,
      window: 60_000,
      openFor: 5_000,
      maxOpenFor: 120_000,
      maxOpenRatio: 0.5,
      failOpen: true,
      trialTimeout: 120_000,
    });
  });

  it('let a longer `openFor` raise the longest', () => {
    expect(resolveBreakerOptions({ openFor: 300_000 })).toMatchObject({ maxOpenFor: 300_000 });
  });

  it.each([
    ['consecutiveFailures', 0, 'must be an integer, at least 1'],
    ['consecutiveFailures', 2.5, 'must be an integer, at least 1'],
    ['failureRatio', 0, 'must be a finite number, above 0 and at most 1'],
    ['failureRatio', 1.01, 'must be a finite number, above 0 and at most 1'],
    ['failureRatio', Number.NaN, 'must be a finite number, above 0 and at most 1'],
    ['minimumRequests', -1, 'must be an integer, at least 1'],
    ['window', 0, 'must be a finite number, above 0'],
    ['openFor', Number.POSITIVE_INFINITY, 'must be a finite number, above 0'],
    ['openFor', '5s', 'must be a finite number, above 0'],
    ['maxOpenFor', 4_999, 'must be a finite number, at least 5000'],
    ['maxOpenRatio', 50, 'must be a finite number, above 0 and at most 1'],
    ['trialTimeout', -5, 'must be a finite number, above 0'],
    ['failOpen', 'yes', 'must be true or false'],
    ['openfor', 1, 'is not known'],
  ])('refuse %s of %s', (name, value, rule) => {
    const resolve = () => resolveBreakerOptions({ [name]: value });
    expect(resolve).toThrow(InvalidOptionError);
    expect(resolve).toThrow(`Option \`breaker.${name}\` ${rule}`);
  });

  it.each([[null], [true], [[]], ['on']])('refuse %s in their place', (value) => {
    const resolve: (options: never) => unknown = resolveBreakerOptions;
    expect(() => resolve(value as never)).toThrow('Option `breaker` must be an object');
  });
});
