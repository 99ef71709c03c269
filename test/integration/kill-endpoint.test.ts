import { describe, expect, it } from 'vitest';
import { StreamError } from '../../src/index.js';
import { manualClock, seededRandom } from '../../src/testing/index.js';
import { CHAT, chat, Fleet } from '../support/fleet.js';

const STREAMS = 60;
const OPEN_FOR = 500;

/** How a caller's stream ended. */
interface Ending {
  readonly late: boolean;
  readonly endpoint: string | null;
  readonly attempts: string | null;
  readonly status: number;
  readonly text: string;
  readonly error: unknown;
}

/** Three servers and a balancer on one clock of ours: no answer goes on, and no wait ends, until it is told to. */
async function start() {
  const clock = manualClock();
  const fleet = await Fleet.start({
    servers: new Array(3).fill({ tokens: 6, clock }),
    clock,
    random: seededRandom(7),
    breaker: { openFor: OPEN_FOR },
  });
  for (const server of fleet.servers) {
    // A late answer keeps its connection open with comments and has no content yet; the others have one token.
    server.faultWith(({ body }) =>
      isLate(body)
        ? { kind: 'comments-only', count: 3, interval: 10, next: 'answer' }
        : { kind: 'slow', interval: 10 },
    );
  }
  return { fleet, clock };
}

function isLate(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'late' in body && body.late === true;
}

/** Streams as an application does, to the end. */
async function stream({ balancer }: Fleet, late: boolean): Promise<Ending> {
  const response = await balancer.fetch(CHAT, chat(true, { late }));
  const { status, headers } = response;
  const seen = {
    late,
    status,
    endpoint: headers.get('x-evenkeel-endpoint'),
    attempts: headers.get('x-evenkeel-attempts'),
  };
  let text = '';
  try {
    for await (const chunk of response.body ?? []) text += Buffer.from(chunk).toString();
    return { ...seen, text, error: undefined };
  } catch (error) {
    return { ...seen, text, error };
  }
}

async function advanceUntil(clock: ReturnType<typeof manualClock>, over: () => boolean): Promise<void> {
  while (!over()) await clock.advanceAsync(10);
}

describe('Killing one of three endpoints under 60 streams', () => {
  for (const [name, isLateStream] of [
    ['a third of which wait for their first token', (index: number) => index % 3 === 0],
    ['all of which wait for their first token', () => true],
  ] as const) {
    it(`of 60 streams, ${name}: fails those alone that had sent some, and never as a clean end`, async () => {
      const { fleet, clock } = await start();
      await using _ = fleet;
      let over = 0;
      const streams = Array.from({ length: STREAMS }, (_, index) =>
        stream(fleet, isLateStream(index)).finally(() => over++),
      );
      const early = Array.from({ length: STREAMS }, (_, index) => index).filter(
        (index) => !isLateStream(index),
      );
      await Promise.all(
        fleet.servers.map((server) => server.waitFor(({ active }) => active === STREAMS / 3)),
      );
      await fleet.until(() => fleet.of('first-token').length === early.length);
      const committed = fleet.of('first-token').filter(({ endpoint }) => endpoint === 's0').length;

      await fleet.server(0).kill();
      await fleet.until(
        () =>
          fleet.of('attempt-settled').filter(({ outcome }) => outcome.kind === 'fault').length >= STREAMS / 3,
      );
      await advanceUntil(clock, () => over === STREAMS);
      const endings = await Promise.all(streams);

      const failed = endings.filter(({ error, status }) => error !== undefined || status !== 200);
      expect(failed).toHaveLength(committed);
      for (const { late, error, text, endpoint } of failed) {
        expect({ late, endpoint }).toEqual({ late: false, endpoint: 's0' });
        expect(error).toBeInstanceOf(StreamError);
        expect(text).not.toContain('[DONE]');
      }
      const repeated = endings.filter(({ attempts }) => Number(attempts) > 1);
      expect(repeated).toHaveLength(STREAMS / 3 - committed);
      for (const { text, late, endpoint } of repeated) {
        expect({ late, killed: endpoint === 's0' }).toEqual({ late: true, killed: false });
        expect(text).toContain('data: [DONE]');
      }
      await fleet.settled();
    });
  }

  it('gets its share back slowly once it has returned: one trial, then a bounded part of what comes', async () => {
    const { fleet, clock } = await start();
    await using _ = fleet;
    const run = async (count: number) => {
      let over = 0;
      const endings = Array.from({ length: count }, () => stream(fleet, true).finally(() => over++));
      await advanceUntil(clock, () => over === count);
      return Promise.all(endings);
    };
    const state = () => fleet.balancer.endpoints.find(({ id }) => id === 's0')?.state;
    const shareOf = (endings: Ending[]) => endings.filter(({ endpoint }) => endpoint === 's0').length;

    await fleet.server(0).kill();
    // Refused connections are repeated elsewhere: no caller hears of them.
    for (let round = 0; state() !== 'open'; round++) {
      expect(round).toBeLessThan(10);
      const endings = await run(6);
      expect(endings.filter(({ status, error }) => status !== 200 || error !== undefined)).toEqual([]);
      expect(shareOf(endings)).toBe(0);
    }
    const whileOpen = fleet.of('attempt-started').length;
    await run(6);
    const tried = fleet.of('attempt-started').slice(whileOpen);
    expect(tried.filter(({ endpoint }) => endpoint === 's0')).toEqual([]);

    await fleet.server(0).restart();
    await clock.advanceAsync(OPEN_FOR);
    expect(state()).toBe('half-open');
    const before = fleet.server(0).stats.requests;
    // Thirty at once, and one of them is the trial.
    const trial = await run(30);
    expect(trial.filter(({ status }) => status !== 200)).toEqual([]);
    expect(fleet.server(0).stats.requests - before).toBe(1);
    expect(state()).toBe('healthy');

    // It begins with a tenth of its weight: of 30 at once one, at a load of 1 / 0.1 beside 14 and 15 on the others.
    expect(shareOf(await run(30))).toBe(1);
    // Half-way up the ramp it counts half.
    await clock.advanceAsync(15_000);
    expect(shareOf(await run(30))).toBe(6);
    await clock.advanceAsync(15_000);
    expect(shareOf(await run(30))).toBe(10);
    await fleet.settled();
  });
});
