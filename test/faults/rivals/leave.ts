import { MockLlmServer, type RequestFault } from 'evenkeel/testing';
import { ask } from './call.js';
import { idleSoon, STEP } from './cell.js';
import type { Contender } from './contender.js';

/** A moment at which callers leave. */
export interface Leaving {
  readonly title: string;
  readonly stream: boolean;
  readonly fault?: RequestFault;
}

export const LEAVINGS: Readonly<Record<string, Leaving>> = {
  'leave-plain': { title: 'waiting for a plain answer', stream: false, fault: { kind: 'hang' } },
  'leave-waiting': { title: 'waiting for the headers of a stream', stream: true, fault: { kind: 'hang' } },
  'leave-tokens': { title: 'between two tokens', stream: true },
  'leave-silence': {
    title: 'in a silence after the first token',
    stream: true,
    fault: { kind: 'stall', after: 1 },
  },
};

/** Whether the server heard of it in time that its caller had left. */
export async function heardOf(contender: Contender, { stream, fault }: Leaving): Promise<boolean> {
  await using server = await MockLlmServer.start({
    tokens: Number.POSITIVE_INFINITY,
    service: { stepTime: STEP },
  });
  server.fault = fault;
  await using front = await contender.front([server.url]);
  const call = ask(front, stream);
  if (fault?.kind === 'hang') await server.waitFor(({ active }) => active === 1);
  else await call.until(`"content":"${server.completionText(1)}"`);
  call.leave();
  return await idleSoon(server);
}
