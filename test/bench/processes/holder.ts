/** A process that opens many streams in one of the ways to be compared, and holds them. */
import { LoadBalancer } from 'evenkeel';
import { STREAM_QUESTION } from '../harness/payload.js';
import { serveParent } from '../harness/serve-parent.js';
import { leastOutstandingPools } from './bare-proxy.js';

const [way = '', urlList = '[]'] = process.argv.slice(2);
const urls: readonly string[] = JSON.parse(urlList);
/** So many are opened at a time: more would fill the queue of a listening socket. */
const AT_A_TIME = 250;
const PATH = '/v1/chat/completions';
const REQUEST = {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: STREAM_QUESTION,
} as const;

/** Each opens a stream and resolves to it when its first token has been read. */
const WAYS: Readonly<Record<string, () => () => Promise<unknown>>> = {
  'balancer.fetch': () => {
    const balancer = new LoadBalancer({ endpoints: urls.map((url) => ({ url })) });
    return async () => firstRead(await balancer.fetch(PATH, REQUEST));
  },
  'global fetch': () => async () => firstRead(await fetch(urls[0] + PATH, REQUEST)),
  'least outstanding of three Pools': () => {
    const pick = leastOutstandingPools(urls);
    return async () => {
      const { body } = await pick().pool.request({ path: PATH, ...REQUEST });
      const chunks = body[Symbol.asyncIterator]();
      await chunks.next();
      return chunks;
    };
  },
};

async function firstRead({ ok, body }: Response) {
  const reader = body?.getReader();
  if (!ok || reader === undefined) throw new Error('No stream');
  await reader.read();
  return reader;
}

const begin = WAYS[way];
if (begin === undefined) throw new Error(`No such way: ${way}`);
const open = begin();
const held: unknown[] = [];
/** A number of streams to open; answers with the bytes in memory. */
serveParent('ready', async (count) => {
  for (let opened = 0; opened < Number(count); opened += AT_A_TIME) {
    const batch = Math.min(AT_A_TIME, Number(count) - opened);
    held.push(...(await Promise.all(Array.from({ length: batch }, open))));
  }
  // What is garbage belongs to nobody.
  for (let round = 0; round < 2; round++) globalThis.gc?.();
  return process.memoryUsage.rss();
});
