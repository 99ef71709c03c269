import { connectionNames } from '../core/connection-header.js';
import type { ResponseHeaders } from '../core/transport.js';

/** Hop-by-hop headers (RFC 9110 section 7.6.1), and those that the transport sets itself. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
/** Set by the balancer: an endpoint cannot pass for another. */
const OURS: ReadonlySet<string> = new Set(['x-evenkeel-endpoint', 'x-evenkeel-attempts']);
const REQUEST_ONLY: ReadonlySet<string> = new Set(['host', 'content-length', 'expect', 'accept-encoding']);

/**
 * The headers of one attempt: the caller's without hop-by-hop headers and those that `connection` names,
 * then the endpoint's own, which win. The bytes of a stream are watched, so it is asked for uncompressed.
 */
export function requestHeaders(
  caller: Readonly<Record<string, string>>,
  endpoint: Readonly<Record<string, string>> | undefined,
): Record<string, string> {
  const headers: Record<string, string> = {};
  const named = caller.connection;
  const dropped = named === undefined ? undefined : connectionNames(named);
  for (const name in caller) {
    if (HOP_BY_HOP.has(name) || REQUEST_ONLY.has(name) || dropped?.has(name)) continue;
    headers[name] = caller[name] as string;
  }
  headers['accept-encoding'] = 'identity';
  if (endpoint !== undefined) Object.assign(headers, endpoint);
  return headers;
}

/** Response headers as name, value, name, value …; without hop-by-hop headers, those that `connection` names, and ours. */
export function responseHeaders(headers: ResponseHeaders): string[] {
  const list: string[] = [];
  const named = headers.connection;
  const dropped = named === undefined || named === 'keep-alive' ? undefined : connectionNames(String(named));
  for (const name in headers) {
    if (HOP_BY_HOP.has(name) || OURS.has(name) || dropped?.has(name)) continue;
    const value = headers[name];
    if (typeof value === 'string') list.push(name, value);
    else if (value !== undefined) for (const one of value) list.push(name, one);
  }
  return list;
}

/** The single value of a header, or its first. */
export function firstValue(headers: ResponseHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' || value === undefined ? value : value[0];
}
