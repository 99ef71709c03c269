import type { IncomingHttpHeaders } from 'node:http';

/** Name, value, name, value … as the bytes that undici's parser would have given. */
export function rawHeaders(headers: readonly string[]): Buffer[] {
  return headers.map((text) => Buffer.from(text, 'latin1'));
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
