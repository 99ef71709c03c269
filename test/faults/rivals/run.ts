import type { FaultCase } from '../matrix/cases.js';
import { type Observation, observe, type Scope } from './cell.js';
import type { Contender } from './contender.js';
import { heardOf, LEAVINGS } from './leave.js';

export const SCOPES: readonly Scope[] = ['beside', 'everywhere'];

/** Cells that run at the same time. */
const ABREAST = 8;

/** What was seen of one contender. */
export interface Results {
  readonly contender: Contender;
  /** By the fault's id. */
  readonly faults: Map<string, Readonly<Record<Scope, Observation>>>;
  /** By the id in `LEAVINGS`: whether the server heard of it in time. */
  readonly leavings: Map<string, boolean>;
}

/** Runs these faults, and the callers who leave, through every contender. */
export async function run(
  contenders: readonly Contender[],
  faults: readonly FaultCase[],
  leavings: readonly string[],
): Promise<Results[]> {
  const results = contenders.map(
    (contender): Results => ({ contender, faults: new Map(), leavings: new Map() }),
  );
  // A port that refuses is a free one, which another cell's server could be given.
  const alone = faults.filter(({ fault }) => fault.kind === 'refuse');
  for (const row of alone) for (const one of results) await runFault(one, row);
  const jobs = results.flatMap((one) => [
    ...faults.filter((row) => !alone.includes(row)).map((row) => () => runFault(one, row)),
    ...leavings.map((id) => () => runLeaving(one, id)),
  ]);
  const work = async () => {
    for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) await job();
  };
  await Promise.all(Array.from({ length: ABREAST }, work));
  return results;
}

async function runFault({ contender, faults }: Results, row: FaultCase): Promise<void> {
  const beside = await observe(contender, row, 'beside');
  faults.set(row.id, { beside, everywhere: await observe(contender, row, 'everywhere') });
}

async function runLeaving({ contender, leavings }: Results, id: string): Promise<void> {
  const leaving = LEAVINGS[id];
  if (leaving !== undefined) leavings.set(id, await heardOf(contender, leaving));
}
