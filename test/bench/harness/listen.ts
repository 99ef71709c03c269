import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { MessageReader } from './http-message.js';

/**
 * Listens on so many ports of 127.0.0.1, and answers each HTTP message when it has come whole.
 *
 * @returns the urls
 */
export function listen(ports: number, answer: (socket: Socket) => void): Promise<string[]> {
  return Promise.all(
    Array.from({ length: ports }, async () => {
      const server = createServer({ noDelay: true }, (socket) => {
        const reader = new MessageReader();
        // A client that is done with its turn resets its connections.
        socket.on('error', () => socket.destroy());
        socket.on('data', (data: Buffer) => {
          if (reader.push(data)) answer(socket);
        });
      });
      server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 });
      await once(server, 'listening');
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    }),
  );
}
