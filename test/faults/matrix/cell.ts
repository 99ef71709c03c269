import { type Outcome, outcomeReason } from '../../../src/core/outcome.js';
import type { FacadeName, Sight } from './callers.js';
import type { FaultCase, Verdict } from './cases.js';
import { CellRig, type Left } from './cell-rig.js';

/** Most real milliseconds from the end of an attempt to the end of its exchange. */
export const CLOSED_WITHIN = 500;

/** `hidden`: an answer that is not whole and ends as if it were. Never. `lost`: no answer of any kind. */
export type Seen = Verdict | 'hidden' | 'lost';

/** What came of one request through one facade. */
export interface Observation {
  readonly seen: Seen;
  /** The verdict in more detail: the status, the error's code. */
  readonly detail: string;
  /** What a call, or reading the answer, failed with. */
  readonly error: string | undefined;
  /** Whether the text is what the server says, or the beginning of it. */
  readonly exact: boolean;
  /** Seconds by the balancer's clock. */
  readonly waited: number;
  /** How each attempt was counted, in order. */
  readonly outcomes: readonly string[];
  /** Attempts made after content had reached the caller. */
  readonly afterCommit: number;
  /** How the request was counted; more than one is a mistake. */
  readonly counted: readonly string[];
  /** State of the first endpoint at the end. */
  readonly state: string;
  /** What became of the first connection to the first server. */
  readonly connection: 'kept' | 'closed at once' | 'closed by the endpoint' | 'none';
  /** Longest time that an exchange outlived its attempt, in real ms. */
  readonly closing: number;
  readonly left: Left;
}

/** Sends one request through a facade, past one or two endpoints with this fault. */
export async function observe(
  { asks, fault, large = false }: FaultCase,
  facade: FacadeName,
  where: 'beside' | 'everywhere',
): Promise<Observation> {
  const rig = await CellRig.open({ facade, large });
  const faulty = where === 'beside' ? rig.servers.slice(0, 1) : rig.servers;
  for (const server of faulty) {
    server.fault = fault;
    await server.ready();
  }
  const begun = rig.time.now();
  let over = false;
  const asking = rig.caller.ask(asks);
  void asking.sight.then(() => {
    over = true;
  });
  await rig.runUntil(asking, () => over);
  const waited = Math.round((rig.time.now() - begun) / 1000);
  return { ...describe(await asking.sight, rig), waited, ...(await end(rig)) };
}

type Ending = Pick<
  Observation,
  'outcomes' | 'afterCommit' | 'counted' | 'state' | 'connection' | 'closing' | 'left'
>;

const CONNECTIONS = {
  completed: 'kept',
  aborted: 'closed at once',
  broken: 'closed by the endpoint',
  open: 'none',
} as const;

/** Closes the rig and says what it saw. */
export async function end(rig: CellRig): Promise<Ending> {
  const state = rig.balancer.endpoints[0]?.state ?? 'gone';
  const left = await rig.close();
  const { events } = rig;
  const settled = events.filter((event) => event.type === 'attempt-settled');
  return {
    state,
    left,
    outcomes: settled.map(({ outcome }) => nameOf(outcome)),
    afterCommit: settled.slice(0, -1).filter(({ committed }) => committed).length,
    counted: events.flatMap((event) => (event.type === 'request-finished' ? [event.outcome] : [])),
    connection: CONNECTIONS[rig.exchanges[0]?.outcome ?? 'open'],
    closing: Math.max(0, ...rig.closing),
  };
}

export function describe(
  sight: Sight,
  rig: CellRig,
): Pick<Observation, 'seen' | 'detail' | 'error' | 'exact'> {
  const { text } = rig;
  const seen = judge(sight);
  const exact = seen === 'whole' ? sight.text === text : text.startsWith(sight.text);
  return { seen, detail: detailOf(seen, sight), error: sight.error, exact };
}

function judge({ status, told, whole, ended }: Sight): Seen {
  if (status === undefined) return 'lost';
  if (status >= 400) return 'refused';
  if (told) return 'told';
  if (!ended) return 'broken';
  return whole ? 'whole' : 'hidden';
}

function detailOf(seen: Seen, { status, own, code, error }: Sight): string {
  switch (seen) {
    case 'refused':
      return own ? `${status} \`${code}\`` : `the ${status} as it came`;
    case 'broken':
      return `broken off: \`${error}\``;
    case 'told':
      return 'its own word, as it came';
    case 'whole':
      return 'a whole answer';
    default:
      return seen;
  }
}

function nameOf(outcome: Outcome): string {
  const reason = outcomeReason(outcome);
  return reason === outcome.kind ? outcome.kind : `${outcome.kind}: ${reason}`;
}
