import type { IncomingHttpHeaders } from 'node:http';

/** Names come again and again; more of them than this would be somebody's doing. */
const MOST_NAMES = 256;
const names = new Map<string, Buffer>();

/** Name, value, name, value … as the bytes that undici's parser would have given. */
export function rawHeaders(headers: readonly string[]): Buffer[] {
  const raw = new Array<Buffer>(headers.length);
  for (let index = 0; index + 1 < headers.length; index += 2) {
    raw[index] = nameBytes(headers[index] ?? '');
    raw[index + 1] = Buffer.from(headers[index + 1] ?? '', 'latin1');
  }
  return raw;
}

/** Values by name; a list where a name occurs several times. */
export function headersByName(headers: readonly string[]): IncomingHttpHeaders {
  const byName: Record<string, string | string[]> = Object.create(null);
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] ?? '';
    const value = headers[index + 1] ?? '';
    const before = byName[name];
    if (before === undefined) byName[name] = value;
    else if (typeof before === 'string') byName[name] = [before, value];
    else before.push(value);
  }
  return byName;
}

function nameBytes(name: string): Buffer {
  const known = names.get(name);
  if (known !== undefined) return known;
  const bytes = Buffer.from(name, 'latin1');
  if (names.size < MOST_NAMES) names.set(name, bytes);
  return bytes;
}
