/**
 * Lab 3: a burst of three times what two servers can do, for five minutes, met by servers that start in different
 * ways: the model downloaded and loaded (120 s), with the image pulled before (90 s), loaded from a shared volume
 * (30 s), from a fast one (25 s), or loaded already: a pool that the autoscaler takes from, or endpoints on standby
 * that the balancer activates by itself, and puts back. Costs are in replica-hours, a pool at rest included.
 *
 *     npx tsx examples/labs/cold-start.ts
 */
import { fileURLToPath } from 'node:url';
import { leastOutstanding } from 'evenkeel';
import { horizontal, outstandingPerReplica, queueDepthPerReplica } from 'evenkeel/scaling/horizontal';
import {
  type AutoscalingOptions,
  generateTrace,
  type SimulationReport,
  simulate,
  type Trace,
} from 'evenkeel/simulation';

const MINUTE = 60_000;
/** When the burst begins and ends. */
export const BURST = { from: 5 * MINUTE, to: 10 * MINUTE };
/** Servers at work in the calm; together they can do 8 requests a second. */
const SERVERS = 2;
const MAX = 10;
const IN_HAND = 40;
/** Four requests are in hand in the calm: from 16 of the 80 places on, chance alone has not brought them. */
const warmPool = { activateAt: 0.2, restAt: 0.15 };
const policy = () =>
  horizontal({
    min: SERVERS,
    max: MAX,
    metrics: [queueDepthPerReplica(5), outstandingPerReplica(20)],
    downscaleStabilization: 300_000,
  });

const STARTS = {
  '120 s: download and load': { autoscaling: { policy, coldStart: { pull: 30_000, load: 90_000 } } },
  '90 s: image there': { autoscaling: { policy, coldStart: 90_000 } },
  '30 s: shared volume': { autoscaling: { policy, coldStart: 30_000 } },
  '25 s: fast volume': { autoscaling: { policy, coldStart: 25_000 } },
  'warm pool of eight': { autoscaling: { policy, coldStart: 120_000, warmPool: 8 } },
  'eight on standby': { standby: 8, autoscaling: {} },
} satisfies Record<string, { standby?: number; autoscaling: AutoscalingOptions }>;

export type Start = keyof typeof STARTS;
export const START_NAMES = Object.keys(STARTS) as Start[];

export function burstTrace(): Trace {
  const [calm, burst] = [1, 24];
  return generateTrace({
    shape: {
      rate: 1,
      burstiness: 1,
      prompt: [
        [0, 600],
        [0.5, 1200],
        [1, 2400],
      ],
      output: [
        [0, 60],
        [0.5, 120],
        [1, 240],
      ],
      reuse: 0,
      commonBlocks: 0,
    },
    rates: [
      [0, calm],
      [BURST.from, calm],
      [BURST.from, burst],
      [BURST.to, burst],
      [BURST.to, calm],
      [25 * MINUTE, calm],
    ],
  });
}

export function runStart(name: Start, trace: Trace): Promise<SimulationReport> {
  const { standby = 0, autoscaling }: { standby?: number; autoscaling: AutoscalingOptions } = STARTS[name];
  return simulate({
    trace,
    fleet: Array.from({ length: SERVERS + standby }, (_, index) => ({
      gpu: 'l40s' as const,
      endpoint: { maxOutstanding: IN_HAND, standby: index >= SERVERS },
    })),
    policy: () => leastOutstanding(),
    name,
    balancer: { admission: { maxQueued: 1_000, maxWait: 30_000 }, warmPool },
    eventTokens: 1_000,
    autoscaling: { min: SERVERS, max: MAX, costPerReplicaHour: 1, ...autoscaling },
  });
}

/** How long after the burst's beginning answers were last later than they should be, in ms. */
export function recovery({ records, goodput }: SimulationReport): number {
  const late = records.findLast(
    ({ at, firstToken = Number.POSITIVE_INFINITY }) =>
      at >= BURST.from && at < BURST.to && firstToken > goodput.objective.firstToken,
  );
  return late === undefined ? 0 : late.at - BURST.from;
}

/** The servers beside those of the calm: from when to when requests came that they answered, in ms. */
export function helpers({ records, endpoints }: SimulationReport): {
  readonly from: number;
  readonly to: number;
} {
  const calm = new Set(endpoints.slice(0, SERVERS).map(({ id }) => id));
  const helped = records.filter(({ endpoint }) => endpoint !== undefined && !calm.has(endpoint));
  return { from: helped[0]?.at ?? Number.NaN, to: helped.at(-1)?.at ?? Number.NaN };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const trace = burstTrace();
  console.log(`${trace.requests.length} requests; good: first token within 2 s`);
  for (const name of START_NAMES) {
    const report = await runStart(name, trace);
    const { autoscaling, goodput, firstToken } = report;
    console.log(
      `${name}: help after ${((helpers(report).from - BURST.from) / 1000).toFixed(1)} s,`,
      `late answers for ${(recovery(report) / 1000).toFixed(0)} s, ${autoscaling?.unserved} lost,`,
      `${(100 * goodput.share).toFixed(1)} % good, first token p95 ${(firstToken.p95 / 1000).toFixed(2)} s,`,
      `${autoscaling?.replicaHours.toFixed(2)} replica-hours`,
    );
  }
}
