/**
 * The case: a service that summarises news. 500 requests a minute come from 7 to 9 in the morning in Karachi, 50 a
 * minute at any other time. Four servers all day, or one to six that follow the load? Simulated; a day takes about
 * ten seconds for each of the fleets:
 *
 *     npx tsx examples/labs/news-summary.ts
 */
import { fileURLToPath } from 'node:url';
import { leastOutstanding } from 'evenkeel';
import type { ScalingPolicy } from 'evenkeel/autoscaling';
import { horizontal, outstandingPerReplica, queueDepthPerReplica } from 'evenkeel/scaling/horizontal';
import { schedule } from 'evenkeel/scaling/schedule';
import {
  type AutoscalingOptions,
  generateTrace,
  type SimulationReport,
  simulate,
  type Trace,
} from 'evenkeel/simulation';

const HOUR = 3_600_000;
const MINUTE = 60_000;
const LOCAL_MIDNIGHT = Date.parse('2026-01-05T00:00:00+05:00');
const [BUSY, QUIET] = [500 / 60, 50 / 60];

/** Articles of 600 to 2400 tokens, summaries of 60 to 240. */
const SHAPE = {
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
} as const;

/** Requests wait when every server has 32 in hand; 20 for each are aimed at. */
const IN_HAND = 32;
const followsQueue = (): ScalingPolicy =>
  horizontal({
    min: 1,
    max: 6,
    metrics: [queueDepthPerReplica(5), outstandingPerReplica(20)],
    behavior: {
      scaleDown: {
        stabilizationWindowSeconds: 300,
        policies: [{ type: 'Pods', value: 1, periodSeconds: 120 }],
      },
    },
  });
/** The same, with three servers from a quarter to seven. */
const preWarmed = (): ScalingPolicy =>
  schedule({
    timeZone: 'Asia/Karachi',
    windows: [{ start: '0 7 * * *', end: '0 9 * * *', min: 3, max: 6 }],
    otherwise: { min: 1, max: 6 },
    preWarm: 15 * MINUTE,
    policy: followsQueue(),
  });

const FLEETS = {
  'four servers': { servers: 4, autoscaling: {} },
  '1 to 6, pre-warmed, 25 s': {
    servers: 1,
    autoscaling: { policy: preWarmed, max: 6, coldStart: 25_000 },
  },
  '1 to 6, pre-warmed, 90 s': {
    servers: 1,
    autoscaling: { policy: preWarmed, max: 6, coldStart: 90_000 },
  },
  '1 to 6, 25 s': { servers: 1, autoscaling: { policy: followsQueue, max: 6, coldStart: 25_000 } },
  '1 to 6, 90 s': { servers: 1, autoscaling: { policy: followsQueue, max: 6, coldStart: 90_000 } },
} satisfies Record<string, { servers: number; autoscaling: AutoscalingOptions }>;

export type NewsFleet = keyof typeof FLEETS;
export const NEWS_FLEETS = Object.keys(FLEETS) as NewsFleet[];

/** The day, or hours of it. */
export function newsTrace(from = 0, to = 24): Trace {
  const hours = [0, 7, 7, 9, 9, 24].map((hour) => Math.min(Math.max(hour, from), to) - from);
  const rates = [QUIET, QUIET, BUSY, BUSY, QUIET, QUIET];
  return generateTrace({
    shape: SHAPE,
    rates: hours.map((hour, index) => [hour * HOUR, rates[index] ?? QUIET] as const),
  });
}

/** @param from the local hour at which the trace begins */
export function runNewsFleet(name: NewsFleet, trace: Trace, from = 0): Promise<SimulationReport> {
  const { servers, autoscaling } = FLEETS[name];
  return simulate({
    trace,
    fleet: Array.from({ length: servers }, () => ({
      gpu: 'l40s' as const,
      endpoint: { maxOutstanding: IN_HAND },
    })),
    policy: () => leastOutstanding(),
    name,
    startsAt: LOCAL_MIDNIGHT + from * HOUR,
    // Whoever has waited for half a minute is told to come back later.
    balancer: { admission: { maxQueued: 1_000, maxWait: 30_000 } },
    eventTokens: 1_000,
    autoscaling: { costPerReplicaHour: 1, ...autoscaling },
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const trace = newsTrace();
  let fixed: number | undefined;
  console.log(`${trace.requests.length} requests; good: first token within 2 s, then 100 ms a token at most`);
  for (const name of NEWS_FLEETS) {
    const { autoscaling, goodput, firstToken } = await runNewsFleet(name, trace);
    const hours = autoscaling?.replicaHours ?? Number.NaN;
    fixed ??= hours;
    console.log(
      `${name}: ${hours.toFixed(1)} replica-hours (${(100 * (1 - hours / fixed)).toFixed(0)} % fewer),`,
      `${(100 * goodput.share).toFixed(2)} % good, ${autoscaling?.unserved} without an answer,`,
      `first token p95 ${(firstToken.p95 / 1000).toFixed(2)} s`,
    );
  }
}
