import type { ComparisonRow } from '../compare.js';

/** A comparison as JSON: every run's report without its single requests. NaN, where nothing was measured, is null. */
export function jsonReport(rows: readonly ComparisonRow[]): string {
  const plain = rows.map(({ policy, reports }) => ({
    policy,
    reports: reports.map(({ records: _, ...report }) => report),
  }));
  return `${JSON.stringify(plain, undefined, 2)}\n`;
}
