import type { FeedEndpoint, FeedQuantiles, FeedTick } from '../facades/dashboard/feed-message.js';
import { terminalText } from './terminal-text.js';

export interface TerminalSize {
  readonly columns: number;
  /** Lines that fit. Default: all of them. */
  readonly rows?: number;
}

const HEADING = ['endpoint', 'state', 'outstanding', 'tokens/s', 'first token', 'KV', 'GPU', ''];
/** Between two columns. */
const GAP = '  ';
const LONGEST_ID = 40;
/** An endpoint's name has this much, however narrow the terminal. */
const SHORTEST_ID = 8;
/** Two lines of summary, a blank one, the heading, and the line for what did not fit. */
const FRAME = 5;

/** A tick as a table, cut to the terminal: what is in trouble comes first when not everything fits. */
export function topTable(tick: FeedTick, { columns, rows }: TerminalSize): string[] {
  const { endpoints } = tick;
  const room = rows === undefined ? endpoints.length : Math.max(1, rows - FRAME);
  const shown =
    endpoints.length <= room ? endpoints : [...endpoints].sort((one, other) => trouble(other) - trouble(one));
  const lines = aligned([HEADING, ...shown.slice(0, room).map(row)], columns);
  const left = endpoints.length - room;
  return [...summary(tick), '', ...lines, ...(left > 0 ? [`and ${left} more`] : [])].map((line) =>
    line.slice(0, columns),
  );
}

function summary(tick: FeedTick): string[] {
  const { requests, failed, queued, outstanding, available, tokens, firstToken, replicas, endpoints } = tick;
  const errors = requests === 0 ? 0 : (failed / requests) * 100;
  const desired = replicas.desired === undefined ? '' : `, desired ${replicas.desired}`;
  const wait = firstToken === undefined ? '' : `, first token ${milliseconds(firstToken)} (p50/p95)`;
  return [
    `requests/s ${requests}, errors ${errors.toFixed(1)} %, queued ${queued}, outstanding ${outstanding}`,
    `tokens/s ${tokens}${wait}, available ${available} of ${endpoints.length}, active ${replicas.active}${desired}`,
  ];
}

function row(endpoint: FeedEndpoint): string[] {
  const { id, state, outstanding, maxOutstanding, tokens, firstToken, load } = endpoint;
  const wait = endpoint.reopensIn ?? endpoint.coolsOffFor;
  return [
    terminalText(id, LONGEST_ID),
    state,
    maxOutstanding === null ? String(outstanding) : `${outstanding}/${Math.round(maxOutstanding)}`,
    String(tokens),
    firstToken === undefined ? '-' : milliseconds(firstToken),
    share(load?.kvCacheUsage),
    share(load?.gpuUtilization),
    wait === undefined ? '' : `${Math.ceil(wait / 1_000)} s`,
  ];
}

function trouble({ state, available }: FeedEndpoint): number {
  if (state === 'open' || state === 'suspect') return 2;
  return available ? 0 : 1;
}

function milliseconds({ p50, p95 }: FeedQuantiles): string {
  return `${Math.round(p50)}/${Math.round(p95)} ms`;
}

function share(value: number | undefined): string {
  return value === undefined ? '-' : `${Math.round(value * 100)} %`;
}

/** Columns of equal width, figures to the right; names give way where the terminal is narrow. */
function aligned(table: readonly (readonly string[])[], columns: number): string[] {
  const widths = HEADING.map((_, column) => Math.max(...table.map((cells) => cells[column]?.length ?? 0)));
  const [names = 0, ...others] = widths;
  const rest = others.reduce((sum, width) => sum + GAP.length + width, 0);
  widths[0] = Math.min(names, Math.max(SHORTEST_ID, columns - rest));
  return table.map((cells) =>
    cells
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        if (column > 1) return cell.padStart(width);
        return (cell.length > width ? `${cell.slice(0, width - 1)}…` : cell).padEnd(width);
      })
      .join(GAP)
      .trimEnd(),
  );
}
