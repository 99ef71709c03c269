import { describe, expect, it } from 'vitest';
import { parseRetryAfter } from '../../../src/retries/retry-after.js';

/** 2026-01-01T00:00:00Z */
const NOW = Date.UTC(2026, 0, 1);

const asked = (retryAfter: string) => parseRetryAfter({ 'retry-after': retryAfter }, NOW);

describe('[26] Retry-After', () => {
  it.each([
    ['5', 5_000],
    [' 5 ', 5_000],
    ['0', 0],
    ['0.25', 250],
    ['31536000000', 31_536_000_000_000],
  ])('of %j seconds is read', (text, expected) => {
    expect(asked(text)).toBe(expected);
  });

  it.each([
    ['Thu, 01 Jan 2026 00:01:30 GMT', 90_000],
    ['Thursday, 01-Jan-26 00:01:30 GMT', 90_000],
    ['Thu Jan  1 00:01:30 2026', 90_000],
    ['Sat Jan 31 00:00:00 2026', 30 * 86_400_000],
    ['Thu, 29 Feb 2028 00:00:00 GMT', Date.UTC(2028, 1, 29) - NOW],
  ])('as the date %j is read, in whatever zone this process runs', (text, expected) => {
    expect(asked(text)).toBe(expected);
  });

  it.each(
    ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'].map(
      (name, month) => [name, month] as const,
    ),
  )('knows %s', (name, month) => {
    expect(asked(`Fri, 02 ${name} 2026 00:00:00 GMT`)).toBe(Date.UTC(2026, month, 2) - NOW);
  });

  it('may fall on a leap second', () => {
    expect(asked('Tue, 30 Jun 2026 23:59:60 GMT')).toBe(Date.UTC(2026, 6, 1) - NOW);
  });

  it.each([
    'Wed, 31 Dec 2025 23:59:59 GMT',
    'Sunday, 06-Nov-94 08:49:37 GMT',
    'Friday, 01-Jan-77 00:00:00 GMT',
    'Sun Nov  6 08:49:37 1994',
  ])('as the past date %j is 0', (text) => {
    expect(asked(text)).toBe(0);
  });

  it('takes a two-digit year up to fifty years ahead for the future', () => {
    expect(asked('Wednesday, 01-Jan-76 00:00:00 GMT')).toBe(Date.UTC(2076, 0, 1) - NOW);
  });

  it.each([
    '',
    'soon',
    'soon 5',
    '-5',
    '+5',
    'NaN',
    'Infinity',
    '1e3',
    '0x10',
    '5s',
    '5, 10',
    '.',
    '2026-01-01T00:01:30Z',
    'Thu, 31 Feb 2026 00:00:00 GMT',
    'Thu, 01 Foo 2026 00:00:00 GMT',
    'Thu, 01 Jan 2026 24:00:00 GMT',
    'Thu, 01 Jan 2026 00:60:00 GMT',
    'Thu, 01 Jan 2026 00:00:61 GMT',
    'Thu, 01 Jan 2026 00:00:00 PST',
  ])('of %j is not understood', (text) => {
    expect(asked(text)).toBeUndefined();
  });

  it('prefers milliseconds, fractions included', () => {
    expect(parseRetryAfter({ 'retry-after-ms': '1250.5', 'retry-after': '9' }, NOW)).toBe(1250.5);
  });

  it.each(['later', '-1', ''])('falls back to seconds when the milliseconds are %j', (text) => {
    expect(parseRetryAfter({ 'retry-after-ms': text, 'retry-after': '9' }, NOW)).toBe(9_000);
  });

  it('takes the first of several', () => {
    expect(parseRetryAfter({ 'retry-after': [' 3 ', '9'] }, NOW)).toBe(3_000);
  });

  it('is undefined without the header', () => {
    expect(parseRetryAfter({}, NOW)).toBeUndefined();
    expect(parseRetryAfter({ 'retry-after': [] }, NOW)).toBeUndefined();
  });
});
