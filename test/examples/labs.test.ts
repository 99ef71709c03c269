import type { SimulationReport } from 'evenkeel/simulation';
import { describe, expect, it } from 'vitest';
import {
  BURST,
  burstTrace,
  helpers,
  recovery,
  runStart,
  type Start,
} from '../../examples/labs/cold-start.js';
import { type NewsFleet, newsTrace, runNewsFleet } from '../../examples/labs/news-summary.js';
import { MAX, type Ramp, type RampPolicy, rampTrace, runRamp } from '../../examples/labs/ramp.js';
import { twoServers } from '../../examples/labs/two-servers.js';

const MINUTE = 60_000;
/** Minutes of simulated traffic on a busy machine. */
const LIMIT = 90_000;

function scaling({ autoscaling }: SimulationReport) {
  if (autoscaling === undefined) throw new Error('it was simulated without autoscaling');
  return autoscaling;
}

/** As the lab's own, without the minutes in which nothing changes any more. */
const SHORT_RAMP: Ramp = [
  [0, 10],
  [1, 10],
  [3, 50],
  [4, 50],
  [6, 100],
  [7, 100],
  [8, 10],
  [13, 10],
];
const [FIRST, SECOND, DOWN] = [1 * MINUTE, 4 * MINUTE, 7 * MINUTE];

describe('lab 2: on a ramp from 10 to 100 requests a second and back', { timeout: LIMIT }, () => {
  const trace = rampTrace(SHORT_RAMP);
  const runs = new Map<RampPolicy, Promise<SimulationReport>>();
  const run = (name: RampPolicy): Promise<SimulationReport> => {
    const known = runs.get(name) ?? runRamp(name, trace);
    runs.set(name, known);
    return known;
  };
  const fullAt = (report: SimulationReport) =>
    scaling(report).samples.find(({ ready }) => ready === MAX)?.at ?? Number.POSITIVE_INFINITY;

  it.each(['tiers', 'HPA on queue'] as const)(
    '%s lose nothing, grow within 60 s, shrink after 300 s of calm, and turn at most once a ramp',
    async (name) => {
      const report = await run(name);
      const { unserved, changes, samples } = scaling(report);
      expect(unserved).toBe(0);
      const grown = changes.find(({ from, to }) => to > from);
      expect((grown?.at ?? Number.NaN) - FIRST).toBeLessThanOrEqual(MINUTE);
      const shrunk = changes.filter(({ from, to }) => to < from);
      expect(shrunk).not.toEqual([]);
      for (const { at, from } of shrunk) {
        const before = changes.filter((change) => change.at < at && change.to > change.from).at(-1);
        expect(at - (before?.at ?? 0)).toBeGreaterThanOrEqual(300_000);
        const restless = samples.filter(({ queued, at: seen }) => seen < at && queued > 5 * from);
        expect(at - (restless.at(-1)?.at ?? 0)).toBeGreaterThanOrEqual(300_000);
      }
      for (const [begin, until] of [
        [FIRST, SECOND],
        [SECOND, DOWN],
        [DOWN, Number.POSITIVE_INFINITY],
      ] as const) {
        const within = changes.filter(({ at }) => at >= begin && at < until).map(({ from, to }) => to > from);
        const turns = within.filter((up, position) => position > 0 && up !== within[position - 1]).length;
        expect(turns).toBeLessThanOrEqual(1);
      }
      expect(fullAt(report)).toBeLessThan(DOWN);
    },
  );

  it('CPU lags minutes behind, since a busy server cannot be more than busy', async () => {
    // Until both ramps have come.
    const cut = { ...trace, requests: trace.requests.filter(({ at }) => at < SECOND + MINUTE) };
    const [cpu, tiers] = [await runRamp('HPA on CPU', cut), await run('tiers')];
    expect(scaling(cpu).samples.at(-1)?.at).toBeGreaterThan(fullAt(tiers) + 2 * MINUTE);
    expect(fullAt(cpu) - fullAt(tiers)).toBeGreaterThan(2 * MINUTE);
    // Of those who come when tiers have caught up.
    const p95 = ({ records }: SimulationReport) => {
      const after = records.slice(0, cut.requests.length).filter(({ at }) => at > fullAt(tiers) + MINUTE);
      const times = after.map(({ firstToken = LIMIT }) => firstToken).toSorted((one, other) => one - other);
      return times[Math.floor(0.95 * times.length)] ?? Number.NaN;
    };
    expect(p95(cpu)).toBeGreaterThan(20 * p95(tiers));
  });
});

describe('lab 3: a burst of three times capacity', { timeout: LIMIT }, () => {
  const trace = burstTrace();
  const runs = new Map<Start, Promise<SimulationReport>>();
  const run = (name: Start): Promise<SimulationReport> => {
    const known = runs.get(name) ?? runStart(name, trace);
    runs.set(name, known);
    return known;
  };
  const cold = () => run('120 s: download and load');

  it('comes at three times what the two servers can do', async () => {
    const came = trace.requests.filter(({ at }) => at >= BURST.from && at < BURST.to).length;
    const { capacity } = await cold();
    expect((1000 * came) / (BURST.to - BURST.from)).toBeGreaterThan(3 * capacity);
  });

  it('is ridden out the sooner, and with the fewer losses, the shorter the start', async () => {
    const reports = [await cold()];
    for (const name of ['90 s: image there', '25 s: fast volume', 'eight on standby'] as const)
      reports.push(await run(name));
    const late = reports.map(recovery);
    expect(late).toEqual(late.toSorted((one, other) => other - one));
    const lost = reports.map((report) => scaling(report).unserved);
    expect(lost).toEqual(lost.toSorted((one, other) => other - one));
    expect([(lost[0] ?? 0) > 1_000, lost.at(-1)]).toEqual([true, 0]);
  });

  it('is absorbed by a standby within a second, and all of them are at rest afterwards', async () => {
    const report = await run('eight on standby');
    const { from, to } = helpers(report);
    expect(from).toBeGreaterThan(BURST.from);
    expect(from).toBeLessThan(BURST.from + 1_000);
    expect(recovery(report)).toBe(0);
    expect(report.goodput.share).toBeGreaterThan(0.999);
    // One after the other, each after a minute of calm.
    expect(to).toBeLessThan(BURST.to + 9 * MINUTE);
    expect(trace.requests.at(-1)?.at).toBeGreaterThan(BURST.to + 14 * MINUTE);
  });

  it('is paid for in advance by whoever keeps a warm pool', async () => {
    const pool = await runStart('warm pool of eight', trace);
    expect(scaling(pool).unserved).toBe(0);
    expect(recovery(pool)).toBeLessThan(recovery(await cold()) / 2);
    expect(scaling(pool).replicaHours).toBeGreaterThan(1.5 * scaling(await cold()).replicaHours);
  });
});

describe('the case of the news summaries, on the busy morning', { timeout: LIMIT }, () => {
  const [from, to] = [6.5, 7.25];
  const trace = newsTrace(from, to);
  const run = (name: NewsFleet) => runNewsFleet(name, trace, from);

  it('pre-warmed: 44 % fewer replica-hours and more, and 99.9 % within the objective', async () => {
    const report = await run('1 to 6, pre-warmed, 25 s');
    // Stricter than the day, most of which is calm.
    expect(report.goodput.share).toBeGreaterThanOrEqual(0.999);
    const { samples, changes, replicaHours } = scaling(report);
    // Three are asked for at a quarter to seven, local time.
    expect(changes[0]).toMatchObject({ at: 15 * MINUTE, from: 1, to: 3 });
    expect(samples[0]?.ready).toBe(1);
    // The rest of the day, at worst: six replicas till 9:30, and one from then to 6:30.
    expect(replicaHours + 6 * (9.5 - to) + 21).toBeLessThan(0.56 * 4 * 24);
  });

  it('not pre-warmed, with starts of 90 s: requests are lost, and the day misses its 99.9 %', async () => {
    const report = await run('1 to 6, 90 s');
    expect(scaling(report).unserved).toBeGreaterThan(100);
    const missed = report.requests * (1 - report.goodput.share);
    // Requests of the whole day, were all the others good: 120 minutes of 500 and 1320 of 50.
    expect(missed / (120 * 500 + 1320 * 50)).toBeGreaterThan(0.001);
  });
});

describe('lab 1: two servers over real sockets', { timeout: LIMIT }, () => {
  it('answers everybody with both of them, as nginx does where there is one', async () => {
    const { evenkeel, nginx = evenkeel } = await twoServers({ users: 12, questions: 3 });
    expect([evenkeel.answered, nginx.answered]).toEqual([36, 36]);
    for (const { fastShare } of [evenkeel, nginx]) {
      expect(fastShare).toBeGreaterThan(0.2);
      expect(fastShare).toBeLessThan(1);
    }
  });
});
