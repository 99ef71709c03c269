import { parseArgs } from 'node:util';
import { systemClock } from '../system.js';
import type { CommandStreams } from './command-streams.js';
import { feedTicks } from './top-feed.js';
import { TopScreen } from './top-screen.js';
import { UsageError } from './usage-error.js';

const OPTIONS = {
  header: { type: 'string', multiple: true, short: 'H' },
  once: { type: 'boolean' },
} as const;

/** Milliseconds until a dashboard that was lost is asked for again. */
const AGAIN = 1_000;

/** `evenkeel top`: follows a dashboard until its balancer is closed, and draws each state over the last. */
export async function topCommand(words: readonly string[], { stdout }: CommandStreams): Promise<void> {
  const { values, positionals } = parseArgs({ args: [...words], options: OPTIONS, allowPositionals: true });
  const [url, ...rest] = positionals;
  if (url === undefined || rest.length > 0 || !/^https?:/.test(url) || !URL.canParse(url))
    throw new UsageError('top needs the address of one dashboard: http://127.0.0.1:3000/_balancer');
  const headers = readHeaders(values.header ?? []);
  const screen = new TopScreen(stdout, stdout.isTTY === true && values.once !== true);
  let found = false;
  for (;;) {
    try {
      for await (const tick of feedTicks(url, headers)) {
        // Where nobody has looked before, the first has no rates yet.
        const skipped = values.once === true && !found && !tick.closed;
        found = true;
        if (skipped) continue;
        screen.show(tick);
        if (values.once === true || tick.closed) return;
      }
    } catch (error) {
      // One that was there comes back: its server starts anew.
      if (!found) throw error;
      screen.lost(`${url} has gone`);
    }
    await new Promise<void>((resolve) => {
      systemClock.setTimer(resolve, AGAIN);
    });
  }
}

function readHeaders(given: readonly string[]): Headers {
  const headers = new Headers({ accept: 'text/event-stream' });
  for (const header of given) {
    const colon = header.indexOf(':');
    if (colon < 1) throw new UsageError('--header must be "name: value"');
    headers.append(header.slice(0, colon), header.slice(colon + 1).trim());
  }
  return headers;
}
