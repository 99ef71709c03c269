/**
 * Lab 2: a ramp from 10 to 50 to 100 requests a second and back to 10, with replicas that follow: by what an HPA does
 * on CPU, on CPU and queue depth, by tiers of queue depth, and by the slope of demand; beside the largest fleet all
 * the time. The servers classify messages one at a time, so a server that is busy half the time is half used.
 *
 *     npx tsx examples/labs/ramp.ts
 */
import { fileURLToPath } from 'node:url';
import { leastOutstanding } from 'evenkeel';
import type { ScalingPolicy } from 'evenkeel/autoscaling';
import { type HorizontalMetric, horizontal, queueDepthPerReplica } from 'evenkeel/scaling/horizontal';
import { maxOf } from 'evenkeel/scaling/max-of';
import { queueDepthTiers } from 'evenkeel/scaling/queue-depth-tiers';
import { stabilized } from 'evenkeel/scaling/stabilized';
import { generateTrace, type SimulationReport, simulate, type Trace } from 'evenkeel/simulation';

const MINUTE = 60_000;
export const [MIN, MAX] = [2, 10];
const COLD_START = { schedule: 5_000, pull: 10_000, load: 45_000 };

/** Minutes, and requests a second. */
export type Ramp = readonly (readonly [minute: number, rate: number])[];
export const RAMP: Ramp = [
  [0, 10],
  [2, 10],
  [4, 50],
  [9, 50],
  [11, 100],
  [15, 100],
  [17, 10],
  [35, 10],
];

const cpu = (averageUtilization: number): HorizontalMetric => ({
  type: 'Resource',
  name: 'cpu',
  target: { averageUtilization },
});

/** Grows as Kubernetes has it by default, at once and by up to 4 or to double; goes down slowly. */
const hpa = (...metrics: HorizontalMetric[]): ScalingPolicy =>
  horizontal({
    min: MIN,
    max: MAX,
    metrics,
    behavior: {
      scaleDown: {
        stabilizationWindowSeconds: 300,
        policies: [{ type: 'Pods', value: 1, periodSeconds: 120 }],
      },
    },
  });

/** As many as will be wanted when a replica asked for now has loaded, if demand goes on as in the last minute. */
function bySlope(perReplica: number): ScalingPolicy {
  const past: { at: number; ready: number; inHand: number }[] = [];
  return {
    name: 'by slope',
    decide({ now, balancer, replicas }) {
      const inHand = balancer.queued + balancer.outstanding;
      past.push({ at: now, inHand, ready: replicas.ready });
      const before = past.findLast(({ at }) => at <= now - MINUTE);
      const slope = before === undefined ? 0 : (inHand - before.inHand) / (now - before.at);
      const ahead = inHand + Math.max(0, slope) * 60_000;
      return { replicas: Math.ceil(ahead / perReplica), reason: `${Math.round(ahead)} in a minute` };
    },
  };
}

const POLICIES = {
  'all ten': { servers: MAX },
  'HPA on CPU': { servers: MIN, policy: () => hpa(cpu(70)) },
  'HPA on queue': { servers: MIN, policy: () => hpa(cpu(70), queueDepthPerReplica(5)) },
  tiers: {
    servers: MIN,
    policy: () =>
      stabilized(
        maxOf(
          queueDepthTiers(),
          // Keeps what is half busy when the queue is gone; `stabilized` does the waiting.
          horizontal({ min: MIN, max: MAX, metrics: [cpu(50)], downscaleStabilization: 0 }),
        ),
      ),
  },
  'by slope': { servers: MIN, policy: () => stabilized(bySlope(1)) },
} satisfies Record<string, { servers: number; policy?: () => ScalingPolicy }>;

export type RampPolicy = keyof typeof POLICIES;
export const RAMP_POLICIES = Object.keys(POLICIES) as RampPolicy[];

export function rampTrace(ramp: Ramp = RAMP): Trace {
  return generateTrace({
    shape: {
      rate: 1,
      burstiness: 1,
      prompt: [
        [0, 60],
        [1, 300],
      ],
      output: [
        [0, 1],
        [1, 3],
      ],
      reuse: 0,
      commonBlocks: 0,
    },
    rates: ramp.map(([minute, rate]) => [minute * MINUTE, rate] as const),
  });
}

export function runRamp(name: RampPolicy, trace: Trace): Promise<SimulationReport> {
  const chosen: { servers: number; policy?: () => ScalingPolicy } = POLICIES[name];
  return simulate({
    trace,
    fleet: Array.from({ length: chosen.servers }, () => ({
      gpu: 'l40s' as const,
      slots: 1,
      speed: 0.6,
      endpoint: { maxOutstanding: 2 },
    })),
    policy: () => leastOutstanding(),
    name,
    objective: { firstToken: 1_000 },
    balancer: { admission: { maxQueued: 5_000, maxWait: 60_000 } },
    eventTokens: 10,
    autoscaling: {
      ...(chosen.policy === undefined ? {} : { policy: chosen.policy }),
      coldStart: COLD_START,
      min: MIN,
      max: MAX,
      costPerReplicaHour: 1,
    },
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const trace = rampTrace();
  console.log(`${trace.requests.length} requests; good: first token within 1 s`);
  for (const name of RAMP_POLICIES) {
    const { autoscaling, goodput, firstToken } = await runRamp(name, trace);
    console.log(
      `${name}: ${autoscaling?.unserved} lost, ${(100 * goodput.share).toFixed(1)} % good,`,
      `first token p95 ${(firstToken.p95 / 1000).toFixed(2)} s, ${autoscaling?.replicaHours.toFixed(2)} replica-hours,`,
      `direction changes: ${autoscaling?.directionChanges}`,
    );
  }
}
