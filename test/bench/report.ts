import { markdownTable } from '../../src/simulation/report/markdown-table.js';
import { type Check, examine, holds, medianFigure, type Spread } from './harness/comparison.js';
import type { Column, Findings } from './harness/section.js';

/** A section's medians: what is kept of a run. */
export interface Summary {
  readonly name: string;
  readonly title: string;
  readonly note: string;
  readonly columns: readonly Column[];
  readonly ways: readonly { readonly way: string; readonly figures: Readonly<Record<string, number>> }[];
  readonly checks: readonly (Check & Spread)[];
  readonly skipped: readonly string[];
}

export function summarize(name: string, findings: Findings): Summary {
  const { title, note, columns, rounds, checks, skipped = [] } = findings;
  return {
    name,
    title,
    note,
    columns,
    ways: Object.keys(rounds[0] ?? {}).map((way) => ({
      way,
      figures: Object.fromEntries(
        columns.map(({ figure }) => [figure, rounded(medianFigure(rounds, way, figure))]),
      ),
    })),
    checks: checks.map((check) => {
      const { median, low, high } = examine(rounds, check);
      return { ...check, median: rounded(median), low: rounded(low), high: rounded(high) };
    }),
    skipped,
  };
}

/** One section of one run, in Markdown. */
export function markdown({ title, note, columns, ways, checks, skipped }: Summary): string {
  const figures = markdownTable(
    ['', ...columns.map((column) => column.title)],
    ways.map((one) => [
      one.way,
      ...columns.map((column) => shown(one.figures[column.figure], column.digits)),
    ]),
  );
  const verdicts = markdownTable(
    ['', 'goal', 'median', 'lowest to highest', ''],
    checks.map((check) => [
      checkTitle(check, columns),
      goal(check),
      shown(check.median, 2),
      `${shown(check.low, 2)} to ${shown(check.high, 2)}`,
      verdict(check),
    ]),
  );
  const tables = [...(ways.length > 0 ? [figures] : []), ...(checks.length > 0 ? [verdicts] : [])];
  return `${[`### ${title}`, note, ...tables, ...skipped.map((one) => `Not measured: ${one}`)].join('\n\n')}\n`;
}

/** What a check looks at, in words. */
export function checkTitle({ way, figure, against, by }: Check, columns: readonly Column[]): string {
  const what = columns.find((column) => column.figure === figure)?.title ?? figure;
  if (against === undefined) return `${way}, ${what}`;
  return by === 'difference' ? `${way}: ${what}, more than ${against}` : `${way} to ${against}, ${what}`;
}

export function goal({ atLeast, atMost }: Check): string {
  if (atLeast !== undefined) return `≥ ${atLeast}`;
  return atMost === undefined ? '' : `≤ ${atMost}`;
}

export function verdict(check: Check & Spread): string {
  const met = holds(check, check.median);
  if (met === undefined) return '';
  return met ? 'met' : 'missed';
}

export function shown(value: number | undefined, digits: number): string {
  return value === undefined || Number.isNaN(value) ? '' : value.toFixed(digits);
}

/** More digits than four are noise, and change in the recorded file with every run. */
function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
