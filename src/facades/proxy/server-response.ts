import { type IncomingMessage, type ServerResponse, validateHeaderValue } from 'node:http';
import type { Socket } from 'node:net';
import { asBuffer } from '../../core/as-buffer.js';
import type { BalancedReply } from '../../core/exchange.js';
import { replyHeaders } from './reply-headers.js';

/** Sent beside those that were set before. */
const ADDED: ReadonlySet<string> = new Set(['set-cookie', 'server-timing']);

/**
 * Writes status and headers. Headers set before are kept, but for those that the answer has as well;
 * cookies and timings of both are sent.
 */
export function writeHead(request: IncomingMessage, response: ServerResponse, reply: BalancedReply): void {
  const headers = withLength(request, reply);
  // HTTP/2 has no phrase, and Node warns of one.
  const phrase = request.httpVersionMajor > 1 ? '' : reply.statusText;
  try {
    write(response, reply.status, phrase, headers);
  } catch {
    // An answer may hold bytes that Node does not send on; one odd header must not cost the answer.
    response.statusMessage = '';
    write(
      response,
      reply.status,
      '',
      headers.filter((_, index) => isValid(headers, index - (index % 2))),
    );
  }
}

/** A string goes out in one piece with the headers, bytes in a piece of their own; latin1 is the bytes as they are. */
const ONE_PIECE = 16 * 1024;

/** Ends the response with a body that is all there. */
export function endWith(response: ServerResponse, body: Uint8Array): void {
  if (body.byteLength > ONE_PIECE) response.end(body);
  else response.end(asBuffer(body).toString('latin1'), 'latin1');
}

/**
 * Breaks an answer off so that the caller sees it. What was written before still goes out, unless the caller
 * has stopped reading.
 */
export function breakOff(response: ServerResponse, blocked: boolean): void {
  const { socket, req: request } = response;
  if (request.httpVersionMajor > 1) {
    response.destroy(new Error('The answer broke off'));
  } else if (socket === null || blocked) {
    response.destroy();
  } else if (request.httpVersionMinor > 0) {
    // The missing last chunk, or byte, tells.
    socket.destroySoon();
  } else {
    reset(socket);
  }
}

/** HTTP/1.0 knows the end of a body only by the connection's, so nothing short of a reset tells of a broken one. */
function reset(socket: Socket): void {
  try {
    socket.resetAndDestroy();
  } catch {
    // TLS and Unix sockets cannot be reset; TLS has a proper end of its own, which is not sent.
    socket.destroy();
  }
}

function write(response: ServerResponse, status: number, phrase: string, headers: readonly string[]): void {
  // The short way: a flat list, which Node takes in as it is while no header is set. Not when `writeHead` is patched:
  // on-headers before 1.1 tore flat lists apart (CVE-2025-7339).
  if (response.getHeaderNames().length === 0 && !Object.hasOwn(response, 'writeHead')) {
    if (phrase === '') response.writeHead(status, headers as string[]);
    else response.writeHead(status, phrase, headers as string[]);
    return;
  }
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] ?? '';
    const value = headers[index + 1] ?? '';
    // Values of one name stand side by side.
    if (ADDED.has(name) || name === headers[index - 2]) response.appendHeader(name, value);
    else response.setHeader(name, value);
  }
  if (phrase === '') response.writeHead(status);
  else response.writeHead(status, phrase);
}

/** The reply's headers, with the length of a body that is all there: the client need not be sent chunks. */
function withLength(request: IncomingMessage, reply: BalancedReply): readonly string[] {
  const headers = replyHeaders(reply);
  const { complete } = reply.body;
  if (complete === undefined || request.method === 'HEAD' || reply.status === 204 || reply.status === 304) {
    return headers;
  }
  for (let index = 0; index < headers.length; index += 2) {
    if (headers[index] === 'content-length') return headers;
  }
  return [...headers, 'content-length', String(complete.byteLength)];
}

function isValid(headers: readonly string[], index: number): boolean {
  try {
    validateHeaderValue(headers[index] ?? '', headers[index + 1] ?? '');
    return true;
  } catch {
    return false;
  }
}
