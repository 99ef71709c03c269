import { LLMock } from '@copilotkit/aimock';
import { MockLlmServer } from 'evenkeel/testing';
import { type Row, STEP, TEXT } from './cases.js';

/** Two servers, of which the first or both fail. */
export interface Servers extends AsyncDisposable {
  readonly urls: readonly string[];
}

export async function ours({ ours: fault }: Row, faulty: readonly boolean[]): Promise<Servers> {
  const servers = await Promise.all(
    faulty.map(() => MockLlmServer.start({ text: TEXT, service: { stepTime: STEP } })),
  );
  for (const [index, server] of servers.entries()) {
    if (faulty[index]) server.fault = fault;
    await server.ready();
  }
  return {
    urls: servers.map(({ url }) => url),
    async [Symbol.asyncDispose]() {
      await Promise.all(servers.map((server) => server.kill()));
    },
  };
}

export async function theirs(
  { theirs: { base = '', ...fault } }: Row,
  faulty: readonly boolean[],
): Promise<Servers> {
  const servers = await Promise.all(
    faulty.map(async (fails) => {
      const server = new LLMock({ port: 0, host: '127.0.0.1', chunkSize: 5 });
      const { response = { content: TEXT }, fixture } = fails ? fault : {};
      server.onMessage('hello', response, fixture);
      if (fails && fault.chaos !== undefined) server.setChaos(fault.chaos);
      await server.start();
      return server;
    }),
  );
  const urls = servers.map(({ url }) => `${url}${base}`);
  if (fault.stopped) for (const [index, server] of servers.entries()) if (faulty[index]) await server.stop();
  return {
    urls,
    async [Symbol.asyncDispose]() {
      await Promise.all(
        servers.map((server, index) => (fault.stopped && faulty[index] ? undefined : server.stop())),
      );
    },
  };
}
