import type { BalancedReply, BalancedRequest, RequestOverrides } from '../core/exchange.js';
import { readBody } from './fetch/fetch-body.js';
import { toResponse } from './fetch/response.js';

/** What `fetch` takes, or a bare path: `/v1/models`. */
export type FetchInput = string | URL | Request;

/** As WHATWG `RequestInit`, with the balancer's own wishes beside it. */
export type FetchInit = Omit<RequestInit, 'dispatcher'> & { readonly evenkeel?: RequestOverrides };

const ANY_ORIGIN = 'http://evenkeel.invalid';
const FORBIDDEN_METHODS = new Set(['CONNECT', 'TRACE', 'TRACK']);

/**
 * WHATWG fetch in front of the request path. All input forms: string, URL, Request, or a bare path.
 *
 * @throws TypeError for what `fetch` refuses as well; the signal's reason
 */
export async function fetchThrough(
  send: (request: BalancedRequest) => Promise<BalancedReply>,
  input: FetchInput,
  init: FetchInit = {},
): Promise<Response> {
  return toResponse(await send(readRequest(input, init)));
}

/** Reads fetch's arguments. The origin is dropped: where a request goes is the balancer's to say. */
export function readRequest(input: FetchInput, init: FetchInit = {}): BalancedRequest {
  const base = typeof input === 'object' && !(input instanceof URL) ? input : undefined;
  const signal = init.signal ?? base?.signal ?? undefined;
  const method = readMethod(init.method ?? base?.method ?? 'GET');
  const headers = readHeaders(init.headers ?? base?.headers);
  const source = init.body ?? (init.body === undefined ? base?.body : undefined) ?? undefined;
  if (source !== undefined && (method === 'GET' || method === 'HEAD')) {
    throw new TypeError('Request with GET/HEAD method cannot have body.');
  }
  return {
    method,
    path: readPath(base?.url ?? (input as string | URL)),
    headers,
    body: source === undefined ? undefined : readBody(source, headers),
    signal,
    overrides: init.evenkeel,
  };
}

function readPath(input: string | URL): string {
  const url = input instanceof URL ? input : new URL(input, ANY_ORIGIN);
  if (url.username !== '' || url.password !== '') {
    throw new TypeError(
      `Request cannot be constructed from a URL that includes credentials: ${url.origin}${url.pathname}`,
    );
  }
  return url.pathname + url.search;
}

function readMethod(method: string): string {
  const upper = method.toUpperCase();
  if (FORBIDDEN_METHODS.has(upper)) throw new TypeError(`'${method}' HTTP method is unsupported.`);
  return upper;
}

/** Header names in lower case; values of a repeated name joined, as in `Headers`. */
function readHeaders(source: RequestInit['headers'] | Headers): Record<string, string> {
  const headers: Record<string, string> = {};
  if (source === undefined) return headers;
  if (Symbol.iterator in source) {
    for (const [name, value] of source as Iterable<[string, string]>)
      append(headers, name.toLowerCase(), value);
  } else {
    for (const name in source) {
      const value = (source as Record<string, string | undefined>)[name];
      if (value !== undefined) append(headers, name.toLowerCase(), String(value));
    }
  }
  return headers;
}

function append(headers: Record<string, string>, name: string, value: string): void {
  // `constructor` is a header name like any other, and no header that has been seen.
  headers[name] = Object.hasOwn(headers, name) ? `${headers[name]}, ${value}` : value;
}
