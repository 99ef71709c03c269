import { connect, type Socket } from 'node:net';
import { dechunked, MessageReader } from './http-message.js';
import { percentiles } from './percentiles.js';

export interface Load {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Default 64. */
  readonly connections?: number;
  /** So long new requests are begun, in ms. */
  readonly duration: number;
  /** So many are sent, however long it takes. */
  readonly requests?: number;
  /** What the first answer on each connection must have, so often. */
  readonly expected?: { readonly text: string; readonly times: number };
}

/** What a load came to: requests answered with 200, and ms until each had its whole answer. */
export interface Loaded {
  readonly requests: number;
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
}

/**
 * Sends the same question over many connections, one at a time on each, until the time is up.
 * On bare sockets: a real HTTP client would cost more than the faster proxies do.
 *
 * @throws when anything else than 200 is answered
 */
export async function load({ connections = 64, ...work }: Load): Promise<Loaded> {
  const request = postRequest(work);
  const began = performance.now();
  let left = work.requests ?? Number.POSITIVE_INFINITY;
  const more = () => left-- > 0 && (work.requests !== undefined || performance.now() - began < work.duration);
  const latencies: number[] = [];
  await Promise.all(Array.from({ length: connections }, () => converse(work, { request, more, latencies })));
  const seconds = (performance.now() - began) / 1000;
  return { requests: latencies.length, rate: latencies.length / seconds, ...percentiles(latencies) };
}

/** A chat completion's request, as it goes over the wire. */
export function postRequest({ url, headers, body }: Pick<Load, 'url' | 'headers' | 'body'>): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: ${new URL(url).host}\r\ncontent-type: application/json\r\n` +
      `authorization: Bearer sk-bench\r\n${lines.join('')}content-length: ${body.length}\r\n\r\n${body}`,
  );
}

/** A connection to a proxy. */
export function connectTo(url: string): Socket {
  return connect(Number(new URL(url).port), '127.0.0.1').setNoDelay(true);
}

interface Conversation {
  readonly request: Buffer;
  readonly more: () => boolean;
  readonly latencies: number[];
}

function converse({ url, expected }: Omit<Load, 'connections'>, { request, more, latencies }: Conversation) {
  return new Promise<void>((resolve, reject) => {
    const socket = connectTo(url);
    const reader = new MessageReader();
    let first: Buffer[] | undefined = [];
    let sent = performance.now();
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('The proxy closed the connection')));
    socket.on('data', (data: Buffer) => {
      first?.push(data);
      if (!reader.push(data)) return;
      if (!reader.startLine.startsWith('HTTP/1.1 200')) return socket.destroy(new Error(reader.startLine));
      if (first !== undefined && expected !== undefined) {
        const times = dechunked(Buffer.concat(first).toString('latin1')).split(expected.text).length - 1;
        if (times !== expected.times) return socket.destroy(new Error(`${times} times ${expected.text}`));
      }
      first = undefined;
      const now = performance.now();
      latencies.push(now - sent);
      sent = now;
      if (more()) return socket.write(request);
      resolve();
      socket.destroy();
    });
    socket.write(request);
  });
}
