import type { IncomingMessage } from 'node:http';
import type { BalancedRequest, CancelSignal } from '../../core/exchange.js';
import { addForwardedHeaders } from './forwarded-headers.js';
import { IncomingBody } from './incoming-body.js';
import { consumedBody, encodeParsedBody } from './parsed-body.js';
import { changeHeaders, type ProxySettings } from './proxy-options.js';
import { readSmallBody, SMALL_BODY } from './small-body.js';

/** A Node request whose body some middleware may have read, and left what it made of it in `body`. */
type ParsedMessage = IncomingMessage & { readonly body?: unknown };

/** What a framework says of one request. */
export interface Incoming<Known> {
  readonly message: IncomingMessage;
  /** The request as the framework's user knows it. */
  readonly known: Known;
  readonly path: string;
  /** The body's bytes, where the framework has put something between: a decompressor. */
  readonly payload?: AsyncIterable<Uint8Array> | undefined;
  /** Called right before the answer is written. */
  readonly answering?: () => void;
}

/** Makes the balancer's request of it. @throws what the user's `headers` and `overrides` throw */
export function readIncoming<Known>(
  { message, known, path, payload }: Incoming<Known>,
  settings: ProxySettings<Known>,
  signal: CancelSignal,
): BalancedRequest {
  const headers: Record<string, string> = {};
  for (const name in message.headers) {
    const value = message.headers[name];
    // HTTP/2 pseudo-headers such as `:path` are no headers.
    if (value !== undefined && !name.startsWith(':')) {
      headers[name] = typeof value === 'string' ? value : value.join(', ');
    }
  }
  const { socket } = message;
  const connection = {
    address: socket.remoteAddress,
    protocol: 'encrypted' in socket ? ('https' as const) : ('http' as const),
    host: headers.host ?? authority(message),
  };
  const clientAddress = addForwardedHeaders(headers, connection, settings.trustProxy);
  const body = payload ?? messageBody(message, headers, signal);
  if (settings.headers !== undefined) changeHeaders(headers, settings.headers(known));
  const overrides = settings.overrides?.(known);
  return {
    method: message.method ?? 'GET',
    path,
    headers,
    body,
    signal,
    clientAddress,
    overrides,
  };
}

/**
 * The body of a request: as it comes, or made again of what a parser left.
 *
 * @throws EvenkeelError `BODY_UNREADABLE` when it has been read and nothing was left
 */
function messageBody(
  message: ParsedMessage,
  headers: Record<string, string>,
  signal: CancelSignal,
): BalancedRequest['body'] {
  const { body, readableDidRead: read } = message;
  // Express 4 puts an empty object where no parser has been at work.
  if (body !== undefined && (read || !isEmptyObject(body))) return encodeParsedBody(body, headers);
  if (!hasBody(message)) return undefined;
  if (read) throw consumedBody('something read it');
  const length = Number(message.headers['content-length']);
  return length <= SMALL_BODY ? readSmallBody(message, length, signal) : new IncomingBody(message);
}

function hasBody({ headers, httpVersionMajor, method }: IncomingMessage): boolean {
  if (headers['transfer-encoding'] !== undefined) return true;
  const length = headers['content-length'];
  if (length !== undefined) return length !== '0';
  return httpVersionMajor > 1 && method !== 'GET' && method !== 'HEAD';
}

function isEmptyObject(value: unknown): boolean {
  if (typeof value !== 'object') return false;
  // Not `Object.keys`: it would list every byte of a Buffer.
  for (const _ in value) return false;
  return true;
}

function authority({ headers }: IncomingMessage): string | undefined {
  const value = headers[':authority'];
  return typeof value === 'string' ? value : undefined;
}
