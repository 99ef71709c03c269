import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import OpenAI from 'openai';
import { startApp } from './app.js';
import type { Server } from './fleet.js';
import { users } from './load.js';
import { ask } from './question.js';

/** Milliseconds between two deaths of the fastest server, and how long each lasts. */
const LIFE = 40_000;
const DEATH = 15_000;
/** Of the people who ask, between two questions. */
const THINK_TIME = 1_500;

/** Serves until it is told to stop, so that there is something to look at: the demo's own servers are kept busy. */
export async function keepServing(servers: readonly Server[], model: string, people: number): Promise<void> {
  const app = await startApp({
    endpoints: servers.map(({ id, url, weight }) => ({ id, url, weight })),
  });
  const stop = new AbortController();
  const told = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]).then(() => stop.abort());
  process.stdout.write(`\nKept serving until Ctrl-C: the page is at ${app.url}/_balancer\n`);
  const [fastest] = servers;
  try {
    if (fastest?.mock === undefined) {
      process.stdout.write(`Your servers get what you send to ${app.url}/v1, and nothing else.\n`);
      await told;
      return;
    }
    process.stdout.write(`${people} users go on asking; ${fastest.id} is killed now and then.\n`);
    const client = new OpenAI({ apiKey: 'unused', baseURL: `${app.url}/v1`, maxRetries: 0 });
    const asking = users(people, THINK_TIME)(
      async (question) => void (await ask(client, model, question)),
      () => (stop.signal.aborted ? 0 : THINK_TIME),
    );
    await killNowAndThen(fastest.mock, stop.signal);
    await asking;
  } finally {
    await app.close();
  }
}

async function killNowAndThen(mock: NonNullable<Server['mock']>, signal: AbortSignal): Promise<void> {
  const pause = (time: number) => sleep(time, undefined, { signal }).catch(() => {});
  while (!signal.aborted) {
    await pause(LIFE);
    if (signal.aborted) return;
    await mock.kill();
    await pause(DEATH);
    await mock.restart();
  }
}
