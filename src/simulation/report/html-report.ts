import type { ComparisonRow } from '../compare.js';
import { duration, percent } from './figures.js';
import { escapeHtml, lineChart, type Series } from './line-chart.js';
import type { SimulatedRequest } from './request-record.js';
import { spread } from './spread.js';
import { textReport } from './text-report.js';

/** Points of a line over time. */
const WINDOWS = 60;
/** Points of a distribution, close together where it ends. */
const SHARES = [...Array.from({ length: 99 }, (_, index) => (index + 1) / 100), 0.995, 0.999, 1];

/** A page that stands alone: no script, nothing loaded. Its charts show the runs with the first seed. */
export function htmlReport(rows: readonly ComparisonRow[]): string {
  const title = 'evenkeel simulation';
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>:root{color-scheme:light dark}body{font:15px sans-serif;max-width:1100px;margin:2em auto;padding:0 1em}svg{width:100%;height:auto}pre{overflow-x:auto}</style>
</head>
<body>
<h1>${title}</h1>
${distributionChart(rows)}
${timeChart(rows)}
<pre>${escapeHtml(textReport(rows))}</pre>
</body>
</html>
`;
}

/** The share of requests whose first token had come in so much time. An SVG. */
export function distributionChart(rows: readonly ComparisonRow[]): string {
  const series = lines(rows, (records) => {
    const sorted = firstTokens(records).sort((one, other) => one - other);
    return SHARES.map((share) => [
      sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN,
      share,
    ]);
  });
  return lineChart(series, {
    title: 'Time to the first token',
    x: { label: 'first token within', logarithmic: true, format: duration },
    y: { label: 'share of requests', format: percent },
  });
}

/** The 95th percentile of the first token over the time at which requests were made. An SVG. */
export function timeChart(rows: readonly ComparisonRow[]): string {
  const series = lines(rows, (records) => {
    const width = (records.at(-1)?.at ?? 0) / WINDOWS || 1;
    const windows = Array.from({ length: WINDOWS }, (): SimulatedRequest[] => []);
    for (const record of records) windows[Math.min(WINDOWS - 1, Math.floor(record.at / width))]?.push(record);
    return windows.map((within, index) => [((index + 0.5) * width) / 1000, spread(firstTokens(within)).p95]);
  });
  return lineChart(series, {
    title: 'First token, 95th percentile, by the time of the request',
    x: { label: 'seconds', format: (seconds) => String(Math.round(seconds)) },
    y: { label: 'first token', logarithmic: true, format: duration },
  });
}

function lines(
  rows: readonly ComparisonRow[],
  points: (records: readonly SimulatedRequest[]) => Series['points'],
): readonly Series[] {
  return rows.map(({ policy, reports }) => ({ name: policy, points: points(reports[0]?.records ?? []) }));
}

function firstTokens(records: readonly SimulatedRequest[]): number[] {
  return records.map(({ firstToken }) => firstToken).filter((time) => time !== undefined);
}
