import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { takeTurns } from '../harness/comparison.js';
import { openStreams } from '../harness/open-streams.js';
import {
  BARE,
  EXPRESS,
  EXPRESS_BARE,
  FASTIFY,
  HAPROXY,
  MIDDLEWARE,
  NGINX,
  startProxy,
} from '../harness/proxies.js';
import type { Bench, Section } from '../harness/section.js';
import { sseServer } from '../harness/servers.js';

/** For what is lazily freed, in ms. */
const SETTLE = 500;
/** Each open stream of a proxy is two sockets; the rest is for all else. */
const SOCKETS_A_STREAM = 2;
const OTHER_FILES = 100;
const NEARLY_ALL = 0.9;

/** What a stream that is open and silent holds. */
export function openStreamsSection(name: string, count: number): Section {
  return {
    name,
    onlyWhenNamed: count > 5000,
    async run(bench) {
      const wanted = bench.options.smoke ? 500 : count;
      using server = await sseServer(bench, 'idle');
      const { urls } = server.ready;
      const skipped: string[] = [];
      // A limit that is a few files short costs a few streams, not the section.
      const possible = Math.floor((openFilesLimit() - OTHER_FILES) / SOCKETS_A_STREAM);
      const streams = Math.min(wanted, possible);
      const enough = streams >= wanted * NEARLY_ALL;
      const files = wanted * SOCKETS_A_STREAM + OTHER_FILES;
      if (!enough) skipped.push(`all of them (a process may not open ${files} files here)`);
      const ways = enough ? [BARE, EXPRESS_BARE, EXPRESS, FASTIFY, MIDDLEWARE, NGINX, HAPROXY] : [];
      const measured: string[] = [];
      for (const way of ways) {
        try {
          await (await startProxy(bench, way, urls)).stop();
          measured.push(way);
        } catch {
          skipped.push(`${way} (it did not start; is it installed?)`);
        }
      }
      return {
        title: `${streams.toLocaleString('en')} open streams`,
        note: 'One token each, then silence. Resident memory beside that of the same process before, after a collection of garbage. A new process each round. `Express + dispatch` is the least that middleware of Express can be.',
        columns: [{ figure: 'memory', title: 'kB a stream', digits: 1 }],
        rounds: await takeTurns(measured, { rounds: Math.min(3, bench.options.rounds), warmUp: 0 }, (way) =>
          memoryOf(bench, { way, urls, streams }),
        ),
        skipped,
        checks: enough
          ? [
              ...[EXPRESS, FASTIFY].map((way) => ({ way, figure: 'memory', against: BARE, atMost: 1.15 })),
              { way: EXPRESS, figure: 'memory', against: EXPRESS_BARE },
            ]
          : [],
      };
    },
  };
}

async function memoryOf(
  bench: Bench,
  {
    way,
    urls,
    streams,
  }: { readonly way: string; readonly urls: readonly string[]; readonly streams: number },
) {
  const proxy = await startProxy(bench, way, urls);
  try {
    // What is loaded with the first requests is not counted.
    (await openStreams({ ...proxy, count: 50 }))[Symbol.dispose]();
    await sleep(SETTLE);
    const before = await proxy.memory();
    using _open = await openStreams({ ...proxy, count: streams });
    await sleep(SETTLE);
    return { memory: ((await proxy.memory()) - before) / streams / 1000 };
  } finally {
    await proxy.stop();
  }
}

/** Node raises its own limit to the hard one. */
function openFilesLimit(): number {
  try {
    const line = /^Max open files +\d+ +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
    return Number(line?.[1] ?? Number.POSITIVE_INFINITY);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
