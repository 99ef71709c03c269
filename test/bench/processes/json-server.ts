/**
 * A process that answers every POST with the same small chat completion, on three ports.
 * On bare sockets: the less it costs, the more of the machine is left to what is measured.
 */
import { listen } from '../harness/listen.js';
import { ANSWER } from '../harness/payload.js';
import { serveParent } from '../harness/serve-parent.js';

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

serveParent({ urls: await listen(3, (socket) => socket.write(RESPONSE)) }, async () => undefined);
