import { describe, expect, it } from 'vitest';
import {
  booleanOption,
  functionOption,
  type NumberRule,
  numberOption,
  optionFields,
  withMethods,
} from '../../../src/core/option-checks.js';
import { InvalidOptionError } from '../../../src/errors.js';

const refusal = (option: string, rule: string, value: unknown) =>
  expect.objectContaining({ constructor: InvalidOptionError, option, rule, value });

describe('optionFields', () => {
  it('has none of what was left out, and those that were given', () => {
    expect(optionFields('o', undefined, ['a'])).toEqual({});
    expect(optionFields('o', { b: 1 }, ['a', 'b'])).toEqual({ b: 1 });
  });

  it.each([null, 5, 'text', [], () => ({})])('refuses %j, which is no object', (value) => {
    expect(() => optionFields('o', value, [])).toThrow(refusal('o', 'must be an object', value));
  });

  it('refuses a field that it does not know, and shows no text that stands there', () => {
    const rule = 'is not known (known: a, b)';
    expect(() => optionFields('o', { a: 1, c: 7 }, ['a', 'b'])).toThrow(refusal('o.c', rule, 7));
    expect(() => optionFields('o', { c: 'secret' }, ['a', 'b'])).toThrow(
      refusal('o.c', rule, 'a text that is not shown'),
    );
  });
});

describe('numberOption', () => {
  it('is the fallback when it was left out, and else what was given', () => {
    expect(numberOption('o', undefined, 7, { min: 100 })).toBe(7);
    expect(numberOption('o', 0, 7, {})).toBe(0);
  });

  it.each<[number, NumberRule]>([
    [1, { min: 1, max: 1 }],
    [1.5, { above: 1, max: 1.5 }],
    [Number.POSITIVE_INFINITY, { infinite: true, min: 0 }],
    [-3, { integer: true }],
  ])('takes %f where %j holds', (value, rule) => {
    expect(numberOption('o', value, 7, rule)).toBe(value);
  });

  it.each<[unknown, NumberRule, string]>([
    ['5', {}, 'must be a finite number'],
    [null, {}, 'must be a finite number'],
    [Number.NaN, { infinite: true }, 'must be a number'],
    [Number.NEGATIVE_INFINITY, { infinite: true }, 'must be a number'],
    [Number.POSITIVE_INFINITY, { min: 0 }, 'must be a finite number, at least 0'],
    [1.5, { integer: true, min: 1 }, 'must be an integer, at least 1'],
    [0.9, { min: 1 }, 'must be a finite number, at least 1'],
    [1, { above: 1 }, 'must be a finite number, above 1'],
    [2.1, { above: 0, max: 2 }, 'must be a finite number, above 0 and at most 2'],
  ])('refuses %j where %j holds', (value, rule, words) => {
    expect(() => numberOption('o.n', value, 7, rule)).toThrow(refusal('o.n', words, value));
  });
});

describe('booleanOption', () => {
  it('is the fallback when it was left out, and else what was given', () => {
    expect(booleanOption('o', undefined, true)).toBe(true);
    expect(booleanOption('o', false, true)).toBe(false);
  });

  it.each([0, 'true', null])('refuses %j', (value) => {
    expect(() => booleanOption('o', value, true)).toThrow(refusal('o', 'must be true or false', value));
  });
});

describe('functionOption', () => {
  it('takes functions, and nothing where it was left out', () => {
    const given = () => 1;
    expect(functionOption('o', given)).toBe(given);
    expect(functionOption('o', undefined)).toBeUndefined();
  });

  it.each([null, 'f', {}])('refuses %j', (value) => {
    expect(() => functionOption<unknown>('o', value)).toThrow(refusal('o', 'must be a function', value));
  });
});

describe('withMethods', () => {
  interface Logger {
    warn(): void;
    error(): void;
  }
  const check = (value: unknown) => withMethods<Logger>('logger', value as Logger, ['warn', 'error']);

  it('takes what has the methods, and nothing where it was left out', () => {
    const logger = { warn: () => {}, error: () => {} };
    expect(check(logger)).toBe(logger);
    expect(check(undefined)).toBeUndefined();
  });

  it.each([null, 'console', { warn: () => {} }, { warn: () => {}, error: 1 }])('refuses %j', (value) => {
    expect(() => check(value)).toThrow(refusal('logger', 'must be an object with warn(), error()', value));
  });
});
