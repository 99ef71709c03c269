import { type Contestant, compare } from 'evenkeel/simulation';
import { median, medianOf } from '../../src/simulation/report/median.js';
import type { Table } from './grid.js';
import type { Traffic } from './traces.js';

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
  const traces = (traffic: Traffic) => Array.from({ length: seeds }, (_, index) => traffic.trace(index + 1));
  const read = table.columns.flatMap(({ traffic, figures }) =>
    figures.map((figure) => ({ traffic, figure })),
  );
  for (const name of new Set(read.flatMap(({ figure }) => Object.keys(figure.bounds ?? {}))))
    rows[name] = read.map(({ traffic, figure }) => {
      const bound = figure.bounds?.[name];
      return bound === undefined ? Number.NaN : median(traces(traffic).map(bound));
    });
  return { table, rows, requests };
}
