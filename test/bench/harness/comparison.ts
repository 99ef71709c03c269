import { median } from './percentiles.js';

/** What one way did in one turn: requests a second, processor time a request, and so on. */
export type Figures = Readonly<Record<string, number>>;

/** Ways that had their turns in every round, by name. */
export type Rounds = readonly Readonly<Record<string, Figures>>[];

/** A figure of a way, held against that of another in the same round, or against a limit of its own. */
export interface Check {
  readonly way: string;
  readonly figure: string;
  readonly against?: string;
  /** What is looked at: their ratio (the default), or how much more it is. Without `against`: the figure itself. */
  readonly by?: 'ratio' | 'difference';
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** Median over the rounds, and the extremes. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** The same round after round, so that what disturbs the machine disturbs all ways alike. */
export async function takeTurns(
  ways: readonly string[],
  { rounds, warmUp }: { readonly rounds: number; readonly warmUp: number },
  measure: (way: string) => Promise<Figures>,
): Promise<Rounds> {
  for (let turn = 0; turn < warmUp; turn++) for (const way of ways) await measure(way);
  const results: Record<string, Figures>[] = [];
  for (let round = 0; round < rounds; round++) {
    const result: Record<string, Figures> = {};
    for (const way of ways) result[way] = await measure(way);
    results.push(result);
  }
  return results;
}

/** What a check finds, each value within one round. */
export function examine(rounds: Rounds, { way, figure, against, by = 'ratio' }: Check): Spread {
  const values = rounds.map((round) => {
    const own = round[way]?.[figure] ?? Number.NaN;
    if (against === undefined) return own;
    const other = round[against]?.[figure] ?? Number.NaN;
    return by === 'ratio' ? own / other : own - other;
  });
  return { median: median(values), low: Math.min(...values), high: Math.max(...values) };
}

export function medianFigure(rounds: Rounds, way: string, figure: string): number {
  return median(rounds.map((round) => round[way]?.[figure] ?? Number.NaN));
}

/** Whether a value keeps to what a check asks; `undefined` where it asks nothing. */
export function holds({ atLeast, atMost }: Check, value: number): boolean | undefined {
  if (atLeast === undefined && atMost === undefined) return undefined;
  return value >= (atLeast ?? Number.NEGATIVE_INFINITY) && value <= (atMost ?? Number.POSITIVE_INFINITY);
}
