import type { FeedEndpoint, FeedTick } from '../facades/dashboard/feed-message.js';

export interface TerminalSize {
  readonly columns: number;
  /** Lines that fit; `undefined`: all of them. */
  readonly rows: number | undefined;
}

const HEADING = ['endpoint', 'state', 'outstanding', 'tokens/s', 'first token', 'p95', 'KV', 'GPU', ''];

/** A tick as a table, cut to the terminal: what is in trouble comes first when not everything fits. */
export function topTable(tick: FeedTick, { columns, rows }: TerminalSize): string {
  const { requests, failed, queued, outstanding, available, tokens, replicas, endpoints } = tick;
  const errors = requests === 0 ? 0 : (failed / requests) * 100;
  const desired =
    replicas.desired === undefined ? '' : `, replicas ${replicas.active} of ${replicas.desired}`;
  const summary = [
    `requests/s ${requests}, errors ${errors.toFixed(1)} %, queued ${queued}, outstanding ${outstanding}`,
    `tokens/s ${tokens}, available ${available} of ${endpoints.length}${desired}`,
  ].join(', ');
  const room = rows === undefined ? endpoints.length : Math.max(1, rows - 5);
  const shown =
    endpoints.length <= room ? endpoints : [...endpoints].sort((one, other) => trouble(other) - trouble(one));
  const lines = aligned([HEADING, ...shown.slice(0, room).map(row)]);
  const left = endpoints.length - room;
  const state = tick.closed ? 'The balancer is closed.' : '';
  return [summary, '', ...lines, left > 0 ? `and ${left} more` : '', state]
    .map((line) => line.slice(0, columns))
    .join('\n');
}

function row(endpoint: FeedEndpoint): string[] {
  const { id, state, outstanding, maxOutstanding, tokens, firstToken, load } = endpoint;
  const wait = endpoint.reopensIn ?? endpoint.coolsOffFor;
  return [
    plain(id),
    state,
    maxOutstanding === null ? String(outstanding) : `${outstanding}/${Math.round(maxOutstanding)}`,
    String(tokens),
    firstToken === undefined ? '-' : `${firstToken.p50} ms`,
    firstToken === undefined ? '-' : `${firstToken.p95} ms`,
    share(load?.kvCacheUsage),
    share(load?.gpuUtilization),
    wait === undefined ? '' : `${Math.ceil(wait / 1_000)} s`,
  ];
}

function trouble({ state, available }: FeedEndpoint): number {
  if (state === 'open' || state === 'suspect') return 2;
  return available ? 0 : 1;
}

function share(value: number | undefined): string {
  return value === undefined ? '-' : `${Math.round(value * 100)} %`;
}

/** Nothing that a terminal would obey, whoever made the name up, and no more than fits. */
function plain(name: string): string {
  return name.replace(/[^\u0020-\u007e\u00a1-\uffff]/g, '?').slice(0, 40);
}

/** Columns of equal width, figures to the right. */
function aligned(table: readonly (readonly string[])[]): string[] {
  const widths = HEADING.map((_, column) => Math.max(...table.map((cells) => cells[column]?.length ?? 0)));
  return table.map((cells) =>
    cells
      .map((cell, column) =>
        column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
}
