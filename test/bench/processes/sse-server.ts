/**
 * A process that streams, on three ports: `whole` answers at once with all events of an answer; `paced` sends a
 * token every 20 ms, each with the time at which it was written; `idle` sends one token and falls silent.
 */
import type { Socket } from 'node:net';
import { listen } from '../harness/listen.js';
import { chunk, LAST_EVENTS, tokenEvent } from '../harness/payload.js';
import { serveParent } from '../harness/serve-parent.js';
import { EVENTS_AN_ANSWER, PACE, stampedChunk } from '../harness/streams.js';

const HEAD =
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\n' +
  'x-request-id: req_0123456789abcdef0123456789abcdef\r\ntransfer-encoding: chunked\r\n\r\n';
const TOKEN = chunk(tokenEvent(' token'));

const WAYS: Readonly<Record<string, () => (socket: Socket) => void>> = {
  whole() {
    const answer = Buffer.from(`${HEAD}${TOKEN.repeat(EVENTS_AN_ANSWER)}${chunk(LAST_EVENTS)}0\r\n\r\n`);
    return (socket) => socket.write(answer);
  },
  paced() {
    /** Streams take their turns in slots of 1 ms, so that tokens are spread evenly over the time. */
    const slots = Array.from({ length: PACE }, () => new Set<Socket>());
    let next = 0;
    let tick = 0;
    const begun = performance.now();
    setInterval(() => {
      // A timer that came late makes up for it.
      while (tick < performance.now() - begun) {
        for (const socket of slots[tick % PACE] ?? []) socket.write(stampedChunk(), 'latin1');
        tick++;
      }
    }, 1);
    return (socket) => {
      const slot = slots[next++ % PACE];
      slot?.add(socket);
      socket.once('close', () => slot?.delete(socket));
      socket.write(HEAD);
    };
  },
  idle() {
    const answer = Buffer.from(HEAD + TOKEN);
    return (socket) => socket.write(answer);
  },
};

const way = WAYS[process.argv[2] ?? ''];
if (way === undefined) throw new Error(`No such way: ${process.argv[2]}`);
serveParent({ urls: await listen(3, way()) }, async () => undefined);
