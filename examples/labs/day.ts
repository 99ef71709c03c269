/**
 * A day of chat traffic with the lengths of Azure's trace, from 1.5 requests a second in the night to 5.5 in the
 * afternoon, and what it takes to simulate it on one core:
 *
 *     npx tsx examples/labs/day.ts
 */
import { fileURLToPath } from 'node:url';
import { leastOutstanding } from 'evenkeel';
import { horizontal, outstanding, queueDepth } from 'evenkeel/scaling/horizontal';
import {
  generateTrace,
  type RatePoint,
  type SimulationReport,
  simulate,
  type Trace,
} from 'evenkeel/simulation';

const HOUR = 3_600_000;
const DAY: readonly RatePoint[] = [
  [0, 1.5],
  [6 * HOUR, 1.5],
  [10 * HOUR, 4],
  [14 * HOUR, 5.5],
  [18 * HOUR, 4],
  [24 * HOUR, 1.5],
];

export function dayTrace(): Trace {
  return generateTrace({ shape: 'chat', rates: DAY });
}

export function runDay(trace: Trace): Promise<SimulationReport> {
  return simulate({
    trace,
    fleet: [{ gpu: 'a100', endpoint: { maxOutstanding: 48 } }],
    policy: () => leastOutstanding(),
    eventTokens: 1_000,
    autoscaling: {
      policy: () => horizontal({ max: 6, metrics: [queueDepth(5), outstanding(24)] }),
      coldStart: 60_000,
      max: 6,
      costPerReplicaHour: 1,
    },
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const trace = dayTrace();
  const before = process.cpuUsage();
  const { requests, autoscaling, firstToken } = await runDay(trace);
  const { user, system } = process.cpuUsage(before);
  console.log(
    `${requests} requests in ${((user + system) / 1e6).toFixed(1)} s of processor time:`,
    `${autoscaling?.replicaHours.toFixed(1)} replica-hours, ${autoscaling?.unserved} unserved,`,
    `first token p95 ${firstToken.p95.toFixed(0)} ms`,
  );
}
