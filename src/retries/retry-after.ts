import type { ResponseHeaders } from '../core/transport.js';

/**
 * How long an answer asks to be left alone, in ms: `retry-after-ms` first (OpenAI, Azure), then `retry-after`
 * in seconds, then as an HTTP date (RFC 9110, sections 10.2.3 and 5.6.7). A date that has passed is 0.
 * `undefined` when there is nothing, or nothing that can be read. Not clamped: that is for whoever waits.
 *
 * @param wallTime milliseconds since the Unix epoch, to compare a date with
 */
export function parseRetryAfter(headers: ResponseHeaders, wallTime: number): number | undefined {
  const milliseconds = parseNumber(first(headers['retry-after-ms']));
  if (milliseconds !== undefined) return milliseconds;
  const text = first(headers['retry-after']);
  const seconds = parseNumber(text);
  if (seconds !== undefined) return seconds * 1000;
  const date = text === undefined ? undefined : parseHttpDate(text, wallTime);
  return date === undefined ? undefined : Math.max(0, date - wallTime);
}

function first(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' ? value.trim() : value?.[0]?.trim();
}

/** Digits with an optional fraction, nothing else: `Number` would also take '', '0x10' and '1e9'. */
function parseNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const TIME = '(?<hour>\\d{2}):(?<minute>\\d{2}):(?<second>\\d{2})';
const FORMATS = [
  // Sun, 06 Nov 1994 08:49:37 GMT
  new RegExp(`^\\w{3}, (?<day>\\d{2}) (?<month>\\w{3}) (?<year>\\d{4}) ${TIME} GMT$`),
  // Sunday, 06-Nov-94 08:49:37 GMT
  new RegExp(`^\\w{6,9}, (?<day>\\d{2})-(?<month>\\w{3})-(?<year>\\d{2}) ${TIME} GMT$`),
  // Sun Nov  6 08:49:37 1994
  new RegExp(`^\\w{3} (?<month>\\w{3}) (?<day>[ \\d]\\d) ${TIME} (?<year>\\d{4})$`),
];

/** `Date.parse` would read the third format in local time, and take "5" and "soon 5" for dates. */
function parseHttpDate(text: string, wallTime: number): number | undefined {
  for (const format of FORMATS) {
    const parts = format.exec(text)?.groups;
    if (parts === undefined) continue;
    const [day, hour, minute, second] = [parts.day, parts.hour, parts.minute, parts.second].map(Number);
    const month = MONTHS.indexOf(parts.month ?? '');
    const year = parts.year?.length === 2 ? nearestYear(Number(parts.year), wallTime) : Number(parts.year);
    return utc([year, month, day, hour, minute, second]);
  }
  return undefined;
}

/** Milliseconds since the epoch; `undefined` for a date that does not exist, as 31 February. */
function utc(fields: readonly (number | undefined)[]): number | undefined {
  const [year = NaN, month = NaN, day = NaN, hour = NaN, minute = NaN, second = NaN] = fields;
  // 60 is a leap second.
  if (month === -1 || hour > 23 || minute > 59 || second > 60) return undefined;
  if (new Date(Date.UTC(year, month, day)).getUTCDate() !== day) return undefined;
  return Date.UTC(year, month, day, hour, minute, second);
}

/** RFC 9110: a two-digit year that seems more than 50 years ahead is the last past one with those digits. */
function nearestYear(digits: number, wallTime: number): number {
  const now = new Date(wallTime).getUTCFullYear();
  const year = now - (now % 100) + digits;
  return year > now + 50 ? year - 100 : year;
}
