import type { Socket } from 'node:net';
import { connectTo, postRequest } from './load.js';
import { STREAM_QUESTION } from './payload.js';

export interface Streams {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly count: number;
  /** Made for each stream; hears what comes on it. */
  readonly listener?: () => (piece: Buffer) => void;
}

/** So many connect at a time: more would fill the queue of a listening socket. */
const AT_A_TIME = 250;

/**
 * Opens so many streams, each on a connection of its own.
 *
 * @returns when each has had its first token; disposing of it closes them all
 * @throws when one is not answered with 200, or ends
 */
export async function openStreams({ count, listener, ...target }: Streams): Promise<Disposable> {
  const request = postRequest({ ...target, body: STREAM_QUESTION });
  const sockets: Socket[] = [];
  const close = () => {
    for (const socket of sockets) socket.removeAllListeners('close').destroy();
  };
  try {
    for (let opened = 0; opened < count; opened += AT_A_TIME) {
      const batch = Array.from({ length: Math.min(AT_A_TIME, count - opened) }, () => {
        const socket = connectTo(target.url);
        sockets.push(socket);
        socket.write(request);
        return firstToken(socket, listener?.());
      });
      await Promise.all(batch);
    }
  } catch (error) {
    close();
    throw error;
  }
  return { [Symbol.dispose]: close };
}

function firstToken(socket: Socket, listen?: (piece: Buffer) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    let head = '';
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('A stream was closed')));
    const begin = (piece: Buffer) => {
      head += piece.toString('latin1');
      if (!head.includes('"content":"')) return;
      if (!head.startsWith('HTTP/1.1 200')) return reject(new Error(head.slice(0, 200)));
      socket.off('data', begin);
      if (listen === undefined) socket.resume();
      else socket.on('data', listen);
      resolve();
    };
    socket.on('data', begin);
  });
}
