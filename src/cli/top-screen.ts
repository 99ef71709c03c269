import type { FeedTick } from '../facades/dashboard/feed-message.js';
import type { CommandStreams } from './command-streams.js';
import { newsLines } from './top-news.js';
import { topTable } from './top-table.js';

/** Ticks between two tables where they are not drawn over each other. */
const SPARSE = 5;
/** Lines of news that are kept. */
const MOST_NEWS = 100;
const HOME = '\u001b[H';
const CLEAR_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';
/** Signs that are wider than one must not break a line. On again after each drawing: the terminal may be left at any time. */
const [WRAP_OFF, WRAP_ON] = ['\u001b[?7l', '\u001b[?7h'];

/** Where states are shown: each over the last on a terminal, else one table after the other. */
export class TopScreen {
  readonly #stdout: CommandStreams['stdout'];
  readonly #live: boolean;
  #last: FeedTick | undefined;
  #news: string[] = [];
  #printed = 0;

  constructor(stdout: CommandStreams['stdout'], live: boolean) {
    this.#stdout = stdout;
    this.#live = live;
  }

  show(tick: FeedTick): void {
    this.#last = tick;
    this.#news.push(...newsLines(tick));
    this.#news = this.#news.slice(-MOST_NEWS);
    if (this.#live) this.#draw(tick, tick.closed ? 'The balancer is closed.' : '');
    else if (this.#printed++ % SPARSE === 0 || tick.closed) this.#print(topTable(tick, this.#size));
  }

  /** Nothing is heard any more, and it is tried again. */
  lost(problem: string): void {
    const line = `${problem}; trying again`;
    if (!this.#live) this.#print([line]);
    else if (this.#last !== undefined) this.#draw(this.#last, line);
  }

  get #size() {
    return { columns: this.#stdout.columns ?? 120 };
  }

  #draw(tick: FeedTick, state: string): void {
    const { columns } = this.#size;
    // The last line stays free, for the shell that comes after.
    const rows = (this.#stdout.rows ?? 24) - 1;
    const table = topTable(tick, { columns, rows: rows - 2 });
    const room = rows - table.length - 2;
    const news = room > 0 ? this.#news.slice(-room) : [];
    const lines = [...table, '', state, ...news].map((line) => line.slice(0, columns) + CLEAR_LINE);
    this.#stdout.write(`${HOME}${WRAP_OFF}${lines.join('\n')}\n${WRAP_ON}${CLEAR_BELOW}`);
  }

  #print(lines: readonly string[]): void {
    this.#stdout.write(`${lines.join('\n')}\n`);
  }
}
