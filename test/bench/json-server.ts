/** A process that answers every POST with the same small chat completion, on three ports. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ANSWER } from './payload.js';
import { serveParent } from './serve-parent.js';

const HEADERS = {
  'content-type': 'application/json',
  'content-length': String(ANSWER.byteLength),
  'x-request-id': 'req_0123456789abcdef0123456789abcdef',
  'openai-processing-ms': '12',
  'openai-version': '2020-10-01',
  'x-ratelimit-limit-requests': '10000',
  'x-ratelimit-remaining-requests': '9999',
};

const urls = await Promise.all(
  [0, 1, 2].map(async () => {
    const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
      request.resume();
      request.once('end', () => response.writeHead(200, HEADERS).end(ANSWER));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }),
);

serveParent({ urls }, async () => undefined);
