import type { BenchOptions } from '../options.js';
import type { Check, Rounds } from './comparison.js';

/** A figure that a section shows for each way. */
export interface Column {
  readonly figure: string;
  /** With its unit. */
  readonly title: string;
  readonly digits: number;
}

export const RATE: Column = { figure: 'rate', title: 'requests/s', digits: 0 };
export const CPU: Column = { figure: 'cpu', title: 'CPU µs a request', digits: 1 };
export const P50: Column = { figure: 'p50', title: 'p50 ms', digits: 2 };
export const P99: Column = { figure: 'p99', title: 'p99 ms', digits: 2 };

/** What a section found. */
export interface Findings {
  readonly title: string;
  /** What was done, in a sentence or two. */
  readonly note: string;
  readonly columns: readonly Column[];
  readonly rounds: Rounds;
  readonly checks: readonly Check[];
  /** What could not be measured, and why. */
  readonly skipped?: readonly string[];
}

/** What a section is given. */
export interface Bench {
  /** Where the built files of the processes are. */
  readonly folder: string;
  readonly options: BenchOptions;
}

/** One comparison of the benchmark, by the name that `--only` knows. */
export interface Section {
  readonly name: string;
  /** Takes long: runs only when it is named. */
  readonly onlyWhenNamed?: boolean;
  run(bench: Bench): Promise<Findings>;
}
