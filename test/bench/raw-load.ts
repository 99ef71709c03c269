import { connect, type Socket } from 'node:net';
import { isWhole } from './http-message.js';
import { QUESTION } from './payload.js';

const CONCURRENCY = 64;

export interface ProxyTarget {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Sends the question over 64 connections, one at a time on each, until the time is up.
 * On bare sockets: a real HTTP client would cost more than the faster proxies do.
 *
 * @returns requests answered with 200, and the milliseconds they took
 * @throws when anything else is answered
 */
export async function loadProxy({ url, headers }: ProxyTarget, duration: number) {
  const { port, host } = new URL(url);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const request = Buffer.from(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\n` +
      `authorization: Bearer sk-bench\r\n${lines.join('')}content-length: ${QUESTION.length}\r\n\r\n${QUESTION}`,
  );
  const began = performance.now();
  const more = () => performance.now() - began < duration;
  const counts = await Promise.all(
    Array.from({ length: CONCURRENCY }, () => converse(connect(Number(port), '127.0.0.1'), request, more)),
  );
  return { requests: counts.reduce((sum, each) => sum + each, 0), milliseconds: performance.now() - began };
}

function converse(socket: Socket, request: Buffer, more: () => boolean): Promise<number> {
  return new Promise((resolve, reject) => {
    let answered = 0;
    let text = '';
    socket.setNoDelay(true).setEncoding('latin1');
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('The proxy closed the connection')));
    socket.on('data', (data: string) => {
      text += data;
      if (!isWhole(text)) return;
      if (!text.startsWith('HTTP/1.1 200 '))
        return socket.destroy(new Error(`Answered: ${text.slice(0, 500)}`));
      text = '';
      answered++;
      if (more()) return socket.write(request);
      resolve(answered);
      socket.destroy();
    });
    socket.write(request);
  });
}
