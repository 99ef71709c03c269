import { MockLlmServer, type RequestFault } from 'evenkeel/testing';
import { type FaultCase, LARGE_TEXT } from '../matrix/cases.js';
import { type Seen, see } from './call.js';
import type { Contender } from './contender.js';

/** How many of the two servers are faulty. */
export type Scope = 'beside' | 'everywhere';

export interface Observation {
  readonly seen: Seen;
  /** Requests that the servers got; `undefined` where a server refuses connections, for it cannot count them. */
  readonly attempts: number | undefined;
  /** A server was still at work for the caller half a second after the caller had gone. */
  readonly leftAtWork: boolean;
}

/** Milliseconds after the caller's end in which every server must have heard of it. */
export const GRACE = 500;

/** Milliseconds between two tokens: enough that what comes after the first token does not come with it. */
export const STEP = 10;

/** Runs one fault through one contender, with fresh servers. */
export async function observe(contender: Contender, row: FaultCase, scope: Scope): Promise<Observation> {
  const servers = await Promise.all(
    ['s0', 's1'].map((name) =>
      MockLlmServer.start({ name, text: row.large ? LARGE_TEXT : undefined, service: { stepTime: STEP } }),
    ),
  );
  try {
    await using front = await contender.front(servers.map(({ url }) => url));
    // Not before: the port of a server that refuses is a free one, and could become the front's.
    const calls = await spoil(servers, row, scope);
    const text = servers[0]?.completionText() ?? '';
    const seen: Seen[] = [];
    for (let call = 0; call < calls; call++) seen.push(await see(front, row.asks === 'stream', text));
    const idle = await Promise.all(servers.map(idleSoon));
    return {
      seen: seen.find((one) => one !== 'whole') ?? 'whole',
      attempts:
        row.fault.kind === 'refuse' ? undefined : servers.reduce((sum, { stats }) => sum + stats.requests, 0),
      leftAtWork: idle.includes(false),
    };
  } finally {
    await Promise.all(servers.map((server) => server.kill()));
  }
}

/** Whether the server is done with everybody within the grace. */
export function idleSoon(server: MockLlmServer): Promise<boolean> {
  return server
    .waitFor(({ active }) => active === 0, GRACE)
    .then(
      () => true,
      () => false,
    );
}

/**
 * Sets the fault: everywhere, or on the server that is asked first, whichever that is.
 *
 * @returns how many calls it takes until the faulty server has been asked
 */
async function spoil(servers: readonly MockLlmServer[], { fault }: FaultCase, scope: Scope): Promise<number> {
  if (scope === 'everywhere') {
    for (const server of servers) server.fault = fault;
    await Promise.all(servers.map((server) => server.ready()));
    return 1;
  }
  if (fault.kind === 'refuse') {
    // Nobody is asked first here: the faulty one is asked sooner or later.
    for (const server of servers.slice(0, 1)) server.fault = fault;
    await servers[0]?.ready();
    return 4;
  }
  let first: MockLlmServer | undefined;
  for (const server of servers) {
    server.faultWith((): RequestFault | undefined => {
      first ??= server;
      return server === first ? fault : undefined;
    });
  }
  return 1;
}
