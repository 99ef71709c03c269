import { type Contestant, compare } from 'evenkeel/simulation';
import { median, medianOf } from '../../src/simulation/median.js';
import type { Table } from './grid.js';

/** What a table came to: figures by contestant, in the order of the columns and their figures. */
export interface Measured {
  readonly table: Table;
  readonly rows: Readonly<Record<string, readonly number[]>>;
  /** Requests that were simulated. */
  readonly requests: number;
}

export interface MeasureOptions {
  readonly contestants: Readonly<Record<string, Contestant>>;
  readonly seeds: number;
  readonly onProgress: (done: number) => void;
}

/** Runs every contestant through every column of a table; medians over the seeds. */
export async function measure(
  table: Table,
  { contestants, seeds, onProgress }: MeasureOptions,
): Promise<Measured> {
  const rows: Record<string, number[]> = {};
  const runs = table.columns.length * Object.keys(contestants).length;
  let done = 0;
  let requests = 0;
  for (const { fleet, traffic, load, clients = 1, events = [], figures } of table.columns) {
    // One at a time, so that the records of one contestant are gone before those of the next come.
    for (const [name, contestant] of Object.entries(contestants)) {
      const [row] = await compare({
        trace: (seed) => traffic.trace(seed),
        policies: { [name]: contestant },
        fleet,
        load,
        clients,
        events,
        seeds,
      });
      if (row === undefined) continue;
      rows[name] = [...(rows[name] ?? []), ...figures.map((figure) => medianOf(row, figure.of))];
      requests += row.reports.reduce((sum, report) => sum + report.requests, 0);
      onProgress(++done / runs);
    }
  }
  const bounds = table.columns.flatMap(({ traffic, figures }) =>
    figures.map(({ bound }) =>
      bound === undefined
        ? Number.NaN
        : median(Array.from({ length: seeds }, (_, index) => bound(traffic.trace(index + 1)))),
    ),
  );
  if (bounds.some(Number.isFinite)) rows['infinite cache'] = bounds;
  return { table, rows, requests };
}
