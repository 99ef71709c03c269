import type { SimulationReport } from 'evenkeel/simulation';
import { describe, expect, it } from 'vitest';
import { burstTrace, recovery, runStart } from '../../examples/labs/cold-start.js';
import { type NewsFleet, newsTrace, runNewsFleet } from '../../examples/labs/news-summary.js';
import { MAX, RAMP, type RampPolicy, rampTrace, runRamp } from '../../examples/labs/ramp.js';
import { twoServers } from '../../examples/labs/two-servers.js';

const MINUTE = 60_000;
/** Minutes of simulated traffic on a busy machine. */
const LIMIT = 90_000;

function scaling({ autoscaling }: SimulationReport) {
  if (autoscaling === undefined) throw new Error('it was simulated without autoscaling');
  return autoscaling;
}

describe('lab 2: on a ramp from 10 to 100 requests a second and back', { timeout: LIMIT }, () => {
  const trace = rampTrace();
  const runs = new Map<RampPolicy, Promise<SimulationReport>>();
  const run = (name: RampPolicy): Promise<SimulationReport> => {
    const known = runs.get(name) ?? runRamp(name, trace);
    runs.set(name, known);
    return known;
  };
  const rampsBegin = [2, 9, 15].map((minute) => minute * MINUTE);
  const shares = RAMP.map(([minute]) => minute);

  it('ramps where the test believes it does', () => {
    expect(rampsBegin.every((at) => shares.includes((at / MINUTE) as never))).toBe(true);
  });

  it.each(['tiers', 'HPA on queue'] as const)(
    '%s lose nothing, grow within 60 s, shrink after 300 s of calm, and turn at most once a ramp',
    async (name) => {
      const report = await run(name);
      const { unserved, changes, samples } = scaling(report);
      expect(unserved).toBe(0);
      const grown = changes.find(({ from, to }) => to > from);
      expect((grown?.at ?? Number.NaN) - (rampsBegin[0] ?? 0)).toBeLessThanOrEqual(MINUTE);
      for (const { at, from, to } of changes) {
        if (to > from) continue;
        const before = changes.filter((change) => change.at < at && change.to > change.from).at(-1);
        expect(at - (before?.at ?? 0)).toBeGreaterThanOrEqual(300_000);
        const restless = samples.filter(({ queued, at: seen }) => seen < at && queued > 5 * from);
        expect(at - (restless.at(-1)?.at ?? 0)).toBeGreaterThanOrEqual(300_000);
      }
      for (const [index, begin] of rampsBegin.entries()) {
        const until = rampsBegin[index + 1] ?? Number.POSITIVE_INFINITY;
        const within = changes.filter(({ at }) => at >= begin && at < until).map(({ from, to }) => to > from);
        const turns = within.filter((up, position) => position > 0 && up !== within[position - 1]).length;
        expect(turns).toBeLessThanOrEqual(1);
      }
      expect(Math.max(...samples.map(({ ready }) => ready))).toBe(MAX);
    },
  );

  it('CPU lags minutes behind, since a busy server cannot be more than busy', async () => {
    const [cpu, tiers] = [await run('HPA on CPU'), await run('tiers')];
    const full = (report: SimulationReport) =>
      scaling(report).samples.find(({ ready }) => ready === MAX)?.at ?? Number.POSITIVE_INFINITY;
    expect(full(cpu) - full(tiers)).toBeGreaterThan(2 * MINUTE);
    expect(cpu.firstToken.p95).toBeGreaterThan(20 * tiers.firstToken.p95);
  });
});

describe('lab 3: a burst of eight times the calm', { timeout: LIMIT }, () => {
  const trace = burstTrace();
  let started: Promise<SimulationReport> | undefined;
  const cold = () => (started ??= runStart('120 s: download and load', trace));

  it('is ridden out the sooner, and with the fewer losses, the shorter the start', async () => {
    const reports = [await cold()];
    for (const name of ['30 s: shared volume', 'four on standby'] as const)
      reports.push(await runStart(name, trace));
    const late = reports.map(recovery);
    expect(late).toEqual(late.toSorted((one, other) => other - one));
    const lost = reports.map((report) => scaling(report).unserved);
    expect(lost).toEqual(lost.toSorted((one, other) => other - one));
    expect([(lost[0] ?? 0) > 500, lost.at(-1)]).toEqual([true, 0]);
    expect(reports.at(-1)?.goodput.share).toBeGreaterThan(0.99);
  });

  it('is paid for in advance by whoever keeps a warm pool', async () => {
    const pool = await runStart('warm pool of four', trace);
    expect(scaling(pool).unserved).toBe(0);
    expect(recovery(pool)).toBeLessThan(recovery(await cold()) / 2);
    expect(scaling(pool).replicaHours).toBeGreaterThan(1.5 * scaling(await cold()).replicaHours);
  });
});

describe('the case of the news summaries, on the busy morning', { timeout: LIMIT }, () => {
  const [from, to] = [6.5, 7.5];
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
