import { Agent, buildConnector } from 'undici';

/**
 * Connections that do not keep the process alive, for answers that may never end. undici lets idle connections go,
 * and holds those in use: hence `ref`, which it would call, does nothing.
 */
export function backgroundAgent(options: buildConnector.BuildOptions): Agent {
  const connect = buildConnector(options);
  return new Agent({
    connect: (target, callback) =>
      connect(target, (error, socket) => {
        if (error !== null) return callback(error, null);
        socket.unref();
        socket.ref = () => socket;
        callback(null, socket);
      }),
  });
}
