/**
 * A process that answers every POST with the same small chat completion, on three ports.
 * On bare sockets: the less it costs, the more of the machine is left to what is measured.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { isWhole } from './http-message.js';
import { ANSWER } from './payload.js';
import { serveParent } from './serve-parent.js';

const RESPONSE = Buffer.concat([
  Buffer.from(
    [
      'HTTP/1.1 200 OK',
      'content-type: application/json',
      `content-length: ${ANSWER.byteLength}`,
      'x-request-id: req_0123456789abcdef0123456789abcdef',
      'openai-processing-ms: 12',
      'openai-version: 2020-10-01',
      'x-ratelimit-limit-requests: 10000',
      'x-ratelimit-remaining-requests: 9999',
      'date: Thu, 01 Jan 2026 00:00:00 GMT',
      'connection: keep-alive',
      '\r\n',
    ].join('\r\n'),
  ),
  ANSWER,
]);

const urls = await Promise.all(
  [0, 1, 2].map(async () => {
    const server = createServer({ noDelay: true }, (socket) => {
      let text = '';
      socket.setEncoding('latin1');
      // A client that is done with its turn resets its connections.
      socket.on('error', () => socket.destroy());
      socket.on('data', (data: string) => {
        text += data;
        if (!isWhole(text)) return;
        text = '';
        socket.write(RESPONSE);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }),
);

serveParent({ urls }, async () => undefined);
