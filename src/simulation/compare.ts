import { numberOption, optionFields } from '../core/option-checks.js';
import { InvalidOptionError } from '../errors.js';
import type { SimulationOptions } from './options.js';
import type { SimulationReport } from './report/report.js';
import { simulate } from './simulate.js';
import type { Trace } from './trace/trace.js';

/** A policy of a comparison, with weights of its own where the fleet's are not meant. */
export type Contestant =
  | SimulationOptions['policy']
  | { readonly policy: SimulationOptions['policy']; readonly weights: SimulationOptions['weights'] };

/** Options of `compare`. */
export interface CompareOptions
  extends Omit<SimulationOptions, 'policy' | 'name' | 'seed' | 'trace' | 'weights'> {
  /** One trace for all seeds, or one for each. */
  readonly trace: Trace | ((seed: number) => Trace);
  /** By the name they have in the report. */
  readonly policies: Readonly<Record<string, Contestant>>;
  /** Runs of each policy, with seeds 1, 2, 3 … Default 1. */
  readonly seeds?: number;
}

/** One policy's runs. */
export interface ComparisonRow {
  /** Its name. */
  readonly policy: string;
  /** One for each seed. */
  readonly reports: readonly SimulationReport[];
}

/** Runs every policy over the same requests and the same fleet, each with the same seeds. */
export async function compare(options: CompareOptions): Promise<readonly ComparisonRow[]> {
  const { trace, policies, seeds: _, onProgress = () => {}, ...shared } = options;
  const seeds = numberOption('seeds', options.seeds, 1, { integer: true, min: 1 });
  const contestants = Object.entries(optionFields('policies', policies, Object.keys(policies ?? {})));
  if (contestants.length === 0)
    throw new InvalidOptionError('policies', 'must name at least one policy', policies);
  const runs = contestants.length * seeds;
  const rows: ComparisonRow[] = [];
  for (const [index, [name]] of contestants.entries()) {
    const contestant = policies[name];
    if (contestant === undefined) continue;
    const { policy, weights } =
      typeof contestant === 'function' ? { policy: contestant, weights: undefined } : contestant;
    const reports: SimulationReport[] = [];
    for (let seed = 1; seed <= seeds; seed++) {
      const before = index * seeds + seed - 1;
      const report = await simulate({
        ...shared,
        ...(weights !== undefined && { weights }),
        trace: typeof trace === 'function' ? trace(seed) : trace,
        policy,
        name,
        seed,
        onProgress: (done) => onProgress((before + done) / runs),
      });
      reports.push(report);
    }
    rows.push({ policy: name, reports });
  }
  return rows;
}
