import type { Measurement } from './serve-parent.js';

/** Ways that had their turns in every round, by name. */
export type Rounds = readonly Readonly<Record<string, Measurement>>[];

export interface Goal {
  readonly way: string;
  readonly against: string;
  /** Least ratio of requests per second. */
  readonly atLeast: number;
}

/** The same round after round, so that what disturbs the machine disturbs all ways alike. */
export async function takeTurns(
  ways: readonly string[],
  { rounds, warmUp }: { readonly rounds: number; readonly warmUp: number },
  measure: (way: string) => Promise<Measurement>,
): Promise<Rounds> {
  for (let turn = 0; turn < warmUp; turn++) for (const way of ways) await measure(way);
  const results: Record<string, Measurement>[] = [];
  for (let round = 0; round < rounds; round++) {
    const result: Record<string, Measurement> = {};
    for (const way of ways) result[way] = await measure(way);
    results.push(result);
  }
  return results;
}

/** Median over the rounds of the ratios within each round. */
export function ratio(rounds: Rounds, way: string, against: string): number {
  return median(rounds.map((round) => perSecond(round[way]) / perSecond(round[against])));
}

/** How many times the processor time of the one the other takes: what remains when the machine is shared. */
export function cpuRatio(rounds: Rounds, way: string, against: string): number {
  return median(rounds.map((round) => cpuPerRequest(round[against]) / cpuPerRequest(round[way])));
}

export function medianRate(rounds: Rounds, way: string): number {
  return median(rounds.map((round) => perSecond(round[way])));
}

/** Processor time a request, in µs. */
export function medianCpu(rounds: Rounds, way: string): number {
  return median(rounds.map((round) => cpuPerRequest(round[way])));
}

function cpuPerRequest(measurement: Measurement | undefined): number {
  return measurement === undefined ? Number.NaN : measurement.cpu / measurement.requests;
}

function perSecond(measurement: Measurement | undefined): number {
  return measurement === undefined ? Number.NaN : measurement.requests / (measurement.milliseconds / 1000);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length / 2;
  const [low = Number.NaN, high = Number.NaN] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return (low + high) / 2;
}
