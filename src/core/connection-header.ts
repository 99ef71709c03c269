/** The header names that a `connection` header lists, in lower case: they end at this hop (RFC 9110 section 7.6.1). */
export function connectionNames(value: string): ReadonlySet<string> {
  return new Set(value.split(',').map((name) => name.trim().toLowerCase()));
}
