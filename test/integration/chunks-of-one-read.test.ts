import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import type { TransportCall, TransportHandler } from '../../src/core/transport.js';
import { openUndiciChannel } from '../../src/transport/undici-transport.js';

const EVENTS = Array.from({ length: 200 }, (_, index) => `data: ${index}\n\n`);
const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n';
const ALL = EVENTS.map(chunk).join('');

/** What a channel hands on of an answer that the server writes in one piece. */
async function handedOn(
  answer: string,
  after: (socket: Socket) => void = () => {},
  act?: (call: TransportCall) => void,
) {
  const server = createServer((socket) => {
    socket.once('data', () => socket.write(answer, () => after(socket)));
    socket.on('error', () => {});
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const channel = openUndiciChannel(`http://127.0.0.1:${port}`, { connectTimeout: 10_000 });
  const seen: string[] = [];
  const pieces: string[] = [];
  const ending = await new Promise<string>((resolve) => {
    const handler: TransportHandler = {
      onSent: () => {},
      onHeaders: () => {
        seen.push('headers');
        if (act === undefined) return;
        act(call);
        // What was on its way would come in this turn, or in the next.
        setImmediate(() => setImmediate(() => resolve('aborted')));
      },
      onData: (bytes) => {
        seen.push('data');
        pieces.push(Buffer.from(bytes).toString());
      },
      onEnd: () => resolve('end'),
      onError: () => resolve('error'),
    };
    const call = channel.send({ method: 'GET', path: '/', headers: {}, body: undefined }, handler);
  });
  await channel.destroy();
  server.close();
  return { ending, seen, pieces, text: pieces.join('') };
}

it('hands on as one piece what one read of the socket brings, however many chunks it is, and before the end', async () => {
  const { ending, pieces, text } = await handedOn(`${HEAD}${ALL}0\r\n\r\n`);
  expect(ending).toBe('end');
  expect(text).toBe(EVENTS.join(''));
  // One, unless the network cut the answer in a few.
  expect(pieces.length).toBeLessThan(10);
});

it('hands on all that came before the connection broke, and then says that it broke', async () => {
  const { ending, text } = await handedOn(`${HEAD}${ALL}`, (socket) => socket.destroySoon());
  expect(ending).toBe('error');
  expect(text).toBe(EVENTS.join(''));
});

it('hands nothing on once the call has been aborted', async () => {
  const { seen } = await handedOn(`${HEAD}${ALL}`, undefined, (call) => call.abort());
  expect(seen).toEqual(['headers']);
});

it('keeps the order of small pieces and large ones', async () => {
  const parts = Array.from({ length: 40 }, (_, index) =>
    String(index % 10).repeat(index % 4 === 3 ? 5_000 : 20),
  );
  const { ending, pieces, text } = await handedOn(`${HEAD}${parts.map(chunk).join('')}0\r\n\r\n`);
  expect(ending).toBe('end');
  expect(text).toBe(parts.join(''));
  expect(pieces.length).toBeLessThan(parts.length);
});
