import type { ComparisonRow } from '../compare.js';
import { duration, figure, percent } from './figures.js';
import { markdownTable } from './markdown-table.js';
import { medianOf } from './median.js';
import type { SimulationReport } from './report.js';
import type { Spread } from './spread.js';

/** Tables of a comparison, in Markdown that reads well as text: medians over the seeds. */
export function textReport(rows: readonly ComparisonRow[]): string {
  const first = rows[0]?.reports[0];
  if (first === undefined) return '';
  return `${[heading(first, rows[0]?.reports.length ?? 0), times(rows), endpoints(rows)].join('\n\n')}\n`;
}

function heading(report: SimulationReport, seeds: number): string {
  const { requests, load, capacity, clients, goodput } = report;
  const { objective } = goodput;
  return [
    `${requests} requests at ${percent(load)} of what the fleet can do (${figure(capacity)} a second);`,
    `clients: ${clients}, seeds: ${seeds}, medians. Good: first token within ${duration(objective.firstToken)}`,
    `and then ${duration(objective.tokenInterval)} a token at most.`,
  ].join('\n');
}

function times(rows: readonly ComparisonRow[]): string {
  const head = [
    'policy',
    'first token mean',
    'p50',
    'p95',
    'p99',
    'per token p50',
    'p95',
    'p99',
    'whole p50',
    'p95',
    'p99',
    'good',
    'good/s',
    'cache hits',
    'rejected',
    'failed',
  ];
  return markdownTable(
    head,
    rows.map((row) => {
      const three = (spread: (report: SimulationReport) => Spread) =>
        (['p50', 'p95', 'p99'] as const).map((rank) =>
          duration(medianOf(row, (report) => spread(report)[rank])),
        );
      return [
        row.policy,
        duration(medianOf(row, ({ firstToken }) => firstToken.mean)),
        ...three(({ firstToken }) => firstToken),
        ...three(({ tokenInterval }) => tokenInterval),
        ...three(({ endToEnd }) => endToEnd),
        percent(medianOf(row, ({ goodput }) => goodput.share)),
        figure(medianOf(row, ({ goodput }) => goodput.rate)),
        percent(medianOf(row, ({ cacheHitRate }) => cacheHitRate)),
        String(medianOf(row, ({ rejected }) => rejected)),
        String(medianOf(row, ({ failed }) => failed)),
      ];
    }),
  );
}

/** Each endpoint's share of the requests, and how busy it was. */
function endpoints(rows: readonly ComparisonRow[]): string {
  const ids = rows[0]?.reports[0]?.endpoints.map(({ id }) => id) ?? [];
  return markdownTable(
    ['requests / busy', ...ids],
    rows.map((row) => [
      row.policy,
      ...ids.map((_, index) => {
        const share = medianOf(row, (report) => report.endpoints[index]?.share ?? Number.NaN);
        const busy = medianOf(row, (report) => report.endpoints[index]?.utilization ?? Number.NaN);
        return `${percent(share)} / ${percent(busy)}`;
      }),
    ]),
  );
}
