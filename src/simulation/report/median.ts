import type { ComparisonRow } from '../compare.js';
import type { SimulationReport } from './report.js';

/** The middle value; the mean of the two in the middle where there is none. NaN counts as greatest. */
export function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const middle = (sorted.length - 1) / 2;
  const [low, high] = [sorted[Math.floor(middle)], sorted[Math.ceil(middle)]];
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2;
}

/** The median of a figure over a policy's runs. */
export function medianOf(row: ComparisonRow, figure: (report: SimulationReport) => number): number {
  return median(row.reports.map(figure));
}
