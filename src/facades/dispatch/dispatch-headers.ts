import type { IncomingHttpHeaders } from 'node:http';

/** Names that have been seen, as bytes: answers bring the same few. */
const NAMES = new Map<string, Buffer>();
/** A server that makes up names is not to fill the memory. */
const MOST_NAMES = 200;

/** Name, value, name, value … as the bytes that undici's parser would have given. */
export function rawHeaders(headers: readonly string[]): Buffer[] {
  return headers.map((text, index) => (index % 2 === 0 ? nameBytes(text) : Buffer.from(text, 'latin1')));
}

function nameBytes(name: string): Buffer {
  const known = NAMES.get(name);
  if (known !== undefined) return known;
  const bytes = Buffer.from(name, 'latin1');
  if (NAMES.size < MOST_NAMES) NAMES.set(name, bytes);
  return bytes;
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
