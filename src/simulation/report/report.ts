import type { Fleet } from '../fleet/fleet.js';
import type { Replica } from '../replica/replica.js';
import type { AutoscalingReport } from './autoscaling-report.js';
import type { SimulatedRequest } from './request-record.js';
import { type Spread, spread } from './spread.js';

/** What a good answer is, in ms. */
export interface Objective {
  /** Longest time to the first token. */
  readonly firstToken: number;
  /** Longest mean time between tokens after it. */
  readonly tokenInterval: number;
}

/** One replica's part. */
export interface EndpointReport {
  /** The endpoint's. */
  readonly id: string;
  /** Requests that it answered. */
  readonly requests: number;
  /** Of all requests that were answered. */
  readonly share: number;
  /** Share of the time it was up in which it worked on something. */
  readonly utilization: number;
  /** Share of its prompt tokens that its prefix cache had; NaN when it had none to compute. */
  readonly cacheHitRate: number;
  /** Tokens of answers. */
  readonly tokens: number;
}

/** What came of one run of one policy. Times in ms of virtual time, rates per second. */
export interface SimulationReport {
  /** Its name. */
  readonly policy: string;
  /** What the run was drawn from. */
  readonly seed: number;
  /** How many balancers sent, each with counts of its own. */
  readonly clients: number;
  /** How many there were. */
  readonly requests: number;
  /** From the first request to the end of the last. */
  readonly duration: number;
  /** Requests a second that came, over those that the fleet at the start can do. */
  readonly load: number;
  /** Requests a second that the fleet at the start can do with prompts that share nothing. */
  readonly capacity: number;
  /** In ms, of those completed. */
  readonly firstToken: Spread;
  /** Mean time between the tokens of one answer. */
  readonly tokenInterval: Spread;
  /** In ms, of those completed. */
  readonly endToEnd: Spread;
  /** What kept to the objective. */
  readonly goodput: {
    readonly objective: Objective;
    /** Answers a second that kept to the objective. */
    readonly rate: number;
    /** Of all requests. */
    readonly share: number;
  };
  /** How many came to their end. */
  readonly completed: number;
  /** Answered with a status of 400 or more, by an endpoint or by the balancer. */
  readonly rejected: number;
  /** Broke off, or never ended. */
  readonly failed: number;
  /** Attempts beyond each request's first. */
  readonly retries: number;
  /** Share of prompt tokens that prefix caches had. */
  readonly cacheHitRate: number;
  /** One for each. */
  readonly endpoints: readonly EndpointReport[];
  /** With `autoscaling` alone. */
  readonly autoscaling: AutoscalingReport | undefined;
  /** Every request, in the order in which they came. */
  readonly records: readonly SimulatedRequest[];
}

export interface ReportTerms {
  readonly policy: string;
  readonly seed: number;
  readonly clients: number;
  readonly load: number;
  readonly capacity: number;
  readonly objective: Objective;
  readonly autoscaling: AutoscalingReport | undefined;
}

export function report(
  records: readonly SimulatedRequest[],
  fleet: Fleet,
  terms: ReportTerms,
): SimulationReport {
  const { objective, autoscaling, ...head } = terms;
  const duration = records.reduce(
    (last, { at, endToEnd, firstToken }) => Math.max(last, at + (endToEnd ?? firstToken ?? 0)),
    0,
  );
  const completed = records.filter(({ endToEnd }) => endToEnd !== undefined);
  const rejected = records.filter(({ status }) => status >= 400).length;
  const intervals = completed.map(intervalOf).filter((interval) => interval !== undefined);
  const good = completed.filter(
    (record) =>
      (record.firstToken ?? Number.POSITIVE_INFINITY) <= objective.firstToken &&
      (intervalOf(record) ?? 0) <= objective.tokenInterval,
  ).length;
  const counts = new Map<string, number>();
  for (const { endpoint = '' } of completed) counts.set(endpoint, (counts.get(endpoint) ?? 0) + 1);
  const replicas = fleet.members;
  return {
    ...head,
    requests: records.length,
    duration,
    firstToken: spread(records.map(({ firstToken }) => firstToken).filter((time) => time !== undefined)),
    tokenInterval: spread(intervals),
    endToEnd: spread(completed.map(({ endToEnd }) => endToEnd ?? Number.NaN)),
    goodput: { objective, rate: (1000 * good) / duration, share: good / records.length },
    completed: completed.length,
    rejected,
    failed: records.length - completed.length - rejected,
    retries: records.reduce((sum, { attempts }) => sum + Math.max(0, attempts - 1), 0),
    cacheHitRate: hitRate(replicas.map(({ replica }) => replica)),
    endpoints: replicas.map(({ id, replica, server }) => ({
      id,
      requests: counts.get(id) ?? 0,
      share: (counts.get(id) ?? 0) / completed.length,
      utilization: replica.work.busy / server.uptime,
      cacheHitRate: hitRate([replica]),
      tokens: replica.work.decoded,
    })),
    autoscaling,
    records,
  };
}

/** Mean time between tokens; `undefined` for an answer of one token. */
function intervalOf({ firstToken, endToEnd, output }: SimulatedRequest): number | undefined {
  if (firstToken === undefined || endToEnd === undefined || output < 2) return undefined;
  return (endToEnd - firstToken) / (output - 1);
}

function hitRate(replicas: readonly Replica[]): number {
  let cached = 0;
  let prompts = 0;
  for (const { work } of replicas) {
    cached += work.cached;
    prompts += work.cached + work.prefilled;
  }
  return cached / prompts;
}
