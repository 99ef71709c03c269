import { duration, figure } from './figures.js';
import { type Axis, escapeHtml, lineChart, type Series, WIDTH } from './line-chart.js';
import type { SimulationReport } from './report.js';
import type { SimulatedRequest } from './request-record.js';
import { spread } from './spread.js';

/** Points of a line over time: enough to see a minute in three hours. */
const WINDOWS = 180;
const HEIGHT = 210;

/**
 * Demand, replicas that serve, queue and the 95th percentile of the first token, one below the other on one time
 * axis: an SVG that stands alone. Runs of one trace, by the name of each; they must have been simulated with
 * `autoscaling`.
 */
export function scalingChart(title: string, runs: Readonly<Record<string, SimulationReport>>): string {
  const reports = Object.entries(runs);
  const end = Math.max(...reports.map(([, { duration: length }]) => length));
  const unit = end > 3 * 3_600_000 ? { label: 'hours', ms: 3_600_000 } : { label: 'minutes', ms: 60_000 };
  const x: Axis = { label: unit.label, range: [0, end / unit.ms], format: figure };
  const lines = (points: (report: SimulationReport) => Series['points']): readonly Series[] =>
    reports.map(([name, report]) => ({
      name,
      points: points(report).map(([at, value]) => [at / unit.ms, value] as const),
    }));
  const sampled = (value: 'ready' | 'queued') =>
    lines(({ autoscaling }) => stairs(autoscaling?.samples.map((one) => [one.at, one[value]]) ?? [], end));
  const fromZero = (label: string): Axis => ({ label, range: [0, 1], format: figure });
  const panels = [
    [lines((report) => demand(report, end)).slice(0, 1), 'Demand', fromZero('requests a second')],
    [sampled('ready'), 'Replicas that serve', fromZero('replicas')],
    [sampled('queued'), 'Queue', fromZero('requests')],
    [
      lines((report) => slowest(report, end)),
      'First token, 95th percentile, by the time of the request',
      { label: 'first token', logarithmic: true, format: duration },
    ],
  ] as const;
  const charts = panels.map(([series, name, y], index) => {
    const named = index === 0 ? series.map((one) => ({ ...one, name: 'all runs' })) : series;
    const chart = lineChart(named, { title: name, x, y, height: HEIGHT });
    return chart.replace('<svg ', `<svg y="${30 + index * HEIGHT}" width="${WIDTH}" height="${HEIGHT}" `);
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${30 + panels.length * HEIGHT}" role="img" aria-label="${escapeHtml(title)}" font-family="sans-serif">`,
    // A picture on a page does not know whether the page is dark.
    '<rect width="100%" height="100%" fill="#fff"/>',
    `<text x="70" y="20" font-size="15" font-weight="bold">${escapeHtml(title)}</text>`,
    ...charts,
    '</svg>\n',
  ].join('\n');
}

/** Requests a second, in windows. */
function demand({ records }: SimulationReport, end: number): Series['points'] {
  return windows(records, end).map(([at, within]) => [at, (1000 * within.length * WINDOWS) / end]);
}

function slowest({ records }: SimulationReport, end: number): Series['points'] {
  return windows(records, end).map(([at, within]) => [
    at,
    spread(within.map(({ firstToken }) => firstToken).filter((time) => time !== undefined)).p95,
  ]);
}

function windows(
  records: readonly SimulatedRequest[],
  end: number,
): readonly (readonly [number, readonly SimulatedRequest[]])[] {
  const groups = Array.from({ length: WINDOWS }, (): SimulatedRequest[] => []);
  for (const record of records)
    groups[Math.min(WINDOWS - 1, Math.floor((record.at * WINDOWS) / end))]?.push(record);
  return groups.map((group, index) => [((index + 0.5) * end) / WINDOWS, group]);
}

/** A value that holds until the next one; where it stays the same, nothing is to be drawn. */
function stairs(points: Series['points'], end: number): Series['points'] {
  const drawn: (readonly [number, number])[] = [];
  for (const [at, value] of points) {
    const before = drawn.at(-1)?.[1];
    if (before === value) continue;
    if (before !== undefined) drawn.push([at, before]);
    drawn.push([at, value]);
  }
  const last = drawn.at(-1);
  return last === undefined ? [] : [...drawn, [end, last[1]]];
}
