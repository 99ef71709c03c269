/**
 * A day of traffic: an Azure trace, repeated, from 1.5 requests a second in the night to 5.5 in the afternoon, and what
 * it takes to simulate it on one core. Without a file the trace is generated, with the lengths of Azure's chat trace:
 *
 *     npx tsx examples/labs/day.ts [TRACE.csv]
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { leastOutstanding } from 'evenkeel';
import { horizontal, outstandingPerReplica, queueDepthPerReplica } from 'evenkeel/scaling/horizontal';
import { generateTrace, readTrace, type SimulationReport, simulate, type Trace } from 'evenkeel/simulation';

const HOUR = 3_600_000;
/** Hours, and requests a second; straight lines in between. */
const DAY = [
  [0, 1.5],
  [6, 1.5],
  [10, 4],
  [14, 5.5],
  [18, 4],
  [24, 1.5],
] as const;

/** An hour of a recorded trace, as CSV of Azure's format; like the chat trace where there is none. */
export async function recordedHour(file?: string): Promise<Trace> {
  return file === undefined
    ? generateTrace({ shape: 'chat', requests: 19_366 })
    : readTrace(await readFile(file, 'utf8'));
}

/**
 * The trace again and again for a day, with its bursts: its time runs faster and slower, so that on average as many
 * requests come as the curve says.
 */
export function dayOf({ requests, blockTokens }: Trace, hours = 24): Trace {
  const span = requests.at(-1)?.at ?? 0;
  const gap = span / (requests.length - 1);
  const day: Trace['requests'][number][] = [];
  for (let at = 0, before = -gap, index = 0; ; index = (index + 1) % requests.length) {
    const request = requests[index];
    if (request === undefined) throw new RangeError('The trace is empty');
    at += ((request.at - before) / gap) * (1000 / rateAt(at));
    if (at >= hours * HOUR) return { requests: day, blockTokens };
    day.push({ ...request, at });
    before = index === requests.length - 1 ? -gap : request.at;
  }
}

function rateAt(at: number): number {
  const hour = at / HOUR;
  const next = Math.max(
    1,
    DAY.findIndex(([until]) => until > hour),
  );
  const [[from, low] = DAY[0], [to, high] = DAY[1]] = [DAY[next - 1], DAY[next]];
  return low + ((high - low) * (hour - from)) / (to - from);
}

export function runDay(trace: Trace): Promise<SimulationReport> {
  return simulate({
    trace,
    fleet: [{ gpu: 'a100', endpoint: { maxOutstanding: 48 } }],
    policy: () => leastOutstanding(),
    eventTokens: 1_000,
    autoscaling: {
      policy: () => horizontal({ max: 6, metrics: [queueDepthPerReplica(5), outstandingPerReplica(24)] }),
      coldStart: 60_000,
      max: 6,
      costPerReplicaHour: 1,
    },
  });
}

/** Simulates the day, and tells what came of it and what it took. */
export async function tellDay(file?: string): Promise<string> {
  const trace = dayOf(await recordedHour(file));
  const before = process.cpuUsage();
  const { requests, autoscaling, firstToken } = await runDay(trace);
  const { user, system } = process.cpuUsage(before);
  return [
    `${requests} requests in ${((user + system) / 1e6).toFixed(1)} s of processor time:`,
    `${autoscaling?.replicaHours.toFixed(1)} replica-hours, ${autoscaling?.unserved} unserved,`,
    `first token p95 ${firstToken.p95.toFixed(0)} ms`,
  ].join(' ');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(await tellDay(process.argv[2]));
