import type { LoadBalancerOptions } from 'evenkeel';
import type { MockFault } from 'evenkeel/testing';
import type { FacadeName } from './callers.js';
import { MIDDLE } from './cases.js';
import { describe, end, type Observation } from './cell.js';
import { CellRig } from './cell-rig.js';

/** A moment at which a caller leaves. */
export interface LeavingCase {
  readonly id: string;
  /** Goes on after "leaves while". */
  readonly title: string;
  readonly asks: 'stream' | 'plain';
  readonly fault?: MockFault;
  readonly large?: boolean;
  /** Length of an answer. */
  readonly tokens?: number;
  readonly balancing?: Omit<LoadBalancerOptions, 'endpoints'> & { readonly maxOutstanding?: number };
  /** Another caller has the only place. */
  readonly full?: boolean;
  /** What must have happened before: that the endpoint has the request, that there is content, the event. */
  readonly after: 'asked' | 'content' | 'request-queued' | 'retry';
  /** Tokens that must have come. Default 3. */
  readonly content?: number;
}

const COMMENTS = 20_000;

export const LEAVING_CASES: readonly LeavingCase[] = [
  {
    id: 'queued',
    title: 'the request is queued',
    asks: 'stream',
    full: true,
    balancing: { maxOutstanding: 1 },
    after: 'request-queued',
  },
  {
    id: 'backoff',
    title: 'a retry waits out its backoff',
    asks: 'stream',
    fault: { kind: 'status', status: 500 },
    balancing: { retry: { backoff: { base: 60_000, cap: 60_000 } }, random: () => 0.9 },
    after: 'retry',
  },
  ...(['stream', 'plain'] as const).flatMap((asks): LeavingCase[] => [
    {
      id: `hang-${asks}`,
      title: 'the endpoint has not answered',
      asks,
      fault: { kind: 'hang' },
      after: 'asked',
    },
    {
      id: `headers-${asks}`,
      title: 'the endpoint has sent headers alone',
      asks,
      fault: { kind: 'hang-after-headers' },
      after: 'asked',
    },
    {
      id: `comments-${asks}`,
      title: 'the endpoint sends keep-alives only',
      asks,
      fault: { kind: 'stall-with-comments', after: 0, interval: COMMENTS },
      after: 'asked',
    },
  ]),
  {
    id: 'dripping',
    title: 'tokens come one by one',
    asks: 'stream',
    tokens: Number.POSITIVE_INFINITY,
    after: 'content',
  },
  {
    id: 'stalled',
    title: 'the stream has fallen silent',
    asks: 'stream',
    fault: { kind: 'stall', after: MIDDLE },
    after: 'content',
  },
  {
    id: 'stalled-comments',
    title: 'comments come in the place of tokens',
    asks: 'stream',
    fault: { kind: 'stall-with-comments', after: MIDDLE, interval: COMMENTS },
    after: 'content',
  },
  {
    id: 'terminator',
    title: 'all tokens have come, but no terminator',
    asks: 'stream',
    tokens: 5,
    fault: { kind: 'stall', after: 1000 },
    after: 'content',
    content: 5,
  },
  {
    id: 'half-plain',
    title: 'half of the body has come, and is held back',
    asks: 'plain',
    fault: { kind: 'stall', after: MIDDLE },
    after: 'asked',
  },
  {
    id: 'half-large',
    title: 'half of a large body has come, and is passed on',
    asks: 'plain',
    large: true,
    fault: { kind: 'stall', after: MIDDLE },
    after: 'asked',
  },
];

export interface Leaving {
  readonly observation: Observation;
  /** Requests that reached the endpoint. */
  readonly asked: number;
  /** Real milliseconds from leaving to the end of the exchange; `undefined` when there was none. */
  readonly closedAfter: number | undefined;
}

/** Sends a request whose caller leaves at that moment. */
export async function observeLeaving(one: LeavingCase, facade: FacadeName): Promise<Leaving> {
  const { asks, fault, large = false, tokens, balancing, full = false, after, content = MIDDLE } = one;
  const rig = await CellRig.open({
    facade,
    servers: 1,
    large,
    ...(tokens && { tokens }),
    ...(balancing && { balancing }),
  });
  const [server] = rig.servers;
  if (server === undefined) throw new Error('no server');
  if (full) server.faultOnce({ kind: 'hang' });
  const first = full ? rig.caller.ask('plain') : undefined;
  if (first !== undefined) await rig.runUntil(first, () => server.stats.active === 1);
  server.fault = fault;
  let closedAt: number | undefined;
  const before = server.stats.requests;
  const asking = rig.caller.ask(asks);
  await rig.runUntil(asking, () => {
    if (after === 'asked') return server.stats.requests > before && rig.isWaiting;
    if (after === 'content') return (server.requests.at(-1)?.tokens ?? 0) >= content;
    return rig.events.some(({ type }) => type === after);
  });
  server.on('settled', () => {
    closedAt ??= performance.now();
  });
  const leftAt = performance.now();
  asking.leave();
  const sight = await asking.sight;
  await rig.runUntil(asking, () => {
    const { outstanding, queued } = rig.balancer.snapshot();
    return outstanding + queued <= (full ? 1 : 0);
  });
  const asked = server.stats.requests - before;
  const described = describe(sight, rig);
  if (!full) await server.waitFor(({ active }) => active === 0, 5000).catch(() => {});
  const closedAfter = full || closedAt === undefined ? undefined : closedAt - leftAt;
  first?.leave();
  await first?.sight;
  return { observation: { ...described, waited: 0, ...(await end(rig)) }, asked, closedAfter };
}
