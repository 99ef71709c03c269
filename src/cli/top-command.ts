import { parseArgs } from 'node:util';
import { createParser } from 'eventsource-parser';
import type { FeedTick } from '../facades/dashboard/feed-message.js';
import type { CommandStreams } from './command-streams.js';
import { topTable } from './top-table.js';
import { UsageError } from './usage-error.js';

const OPTIONS = {
  header: { type: 'string', multiple: true, short: 'H' },
  once: { type: 'boolean' },
} as const;

/** Ticks between two tables where they are not drawn over each other. */
const SPARSE = 5;

/** `evenkeel top`: follows a dashboard's feed until it ends, and draws each state over the last. */
export async function topCommand(words: readonly string[], { stdout }: CommandStreams): Promise<void> {
  const { values, positionals } = parseArgs({ args: [...words], options: OPTIONS, allowPositionals: true });
  const [url, ...rest] = positionals;
  if (url === undefined || rest.length > 0 || !/^https?:/.test(url) || !URL.canParse(url))
    throw new UsageError('top needs the address of one dashboard: http://127.0.0.1:3000/_balancer');
  const live = stdout.isTTY === true && values.once !== true;
  let count = 0;
  for await (const tick of ticks(url, values.header ?? [])) {
    const size = { columns: stdout.columns ?? 120, rows: live ? (stdout.rows ?? 24) : undefined };
    if (live) stdout.write(`\u001b[H\u001b[J${topTable(tick, size)}`);
    else if (count++ % SPARSE === 0) stdout.write(`${topTable(tick, size)}\n`);
    if (values.once === true) return;
    if (tick.closed) return;
  }
  throw new Error(`${url} has ended the connection`);
}

async function* ticks(url: string, headers: readonly string[]): AsyncGenerator<FeedTick> {
  const asked = new Headers({ accept: 'text/event-stream' });
  for (const header of headers) {
    const colon = header.indexOf(':');
    if (colon < 1) throw new UsageError('--header must be "name: value"');
    asked.append(header.slice(0, colon), header.slice(colon + 1).trim());
  }
  const answer = await fetch(url, { headers: asked }).catch((error: unknown) => {
    throw new Error(`${url} does not answer`, { cause: error });
  });
  const type = answer.headers.get('content-type') ?? '';
  if (answer.status !== 200 || !type.startsWith('text/event-stream') || answer.body === null)
    throw new Error(`${url} is no dashboard, or not for you: status ${answer.status}`);
  let heard: FeedTick[] = [];
  const parser = createParser({
    onEvent: ({ event, data }) => {
      if (event === 'tick') heard.push(JSON.parse(data));
    },
  });
  const decoder = new TextDecoder();
  for await (const bytes of answer.body) {
    parser.feed(decoder.decode(bytes, { stream: true }));
    yield* heard;
    heard = [];
  }
}
