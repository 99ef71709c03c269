import { setTimeout as sleep } from 'node:timers/promises';
import { type Figures, takeTurns } from '../harness/comparison.js';
import { openStreams } from '../harness/open-streams.js';
import { percentiles } from '../harness/percentiles.js';
import {
  BARE,
  EXPRESS,
  FASTIFY,
  HTTP_PROXY,
  NGINX,
  type RunningProxy,
  startProxies,
} from '../harness/proxies.js';
import { P50, P99, type Section } from '../harness/section.js';
import { sseServer } from '../harness/servers.js';
import { PACE, StampReader } from '../harness/streams.js';

const DIRECT = 'direct';
/** Time between the last stream's first token and the measuring, in ms. */
const SETTLE = 300;

/** Many slow streams: the pace of real model servers. */
export const pacedSection: Section = {
  name: 'sse-paced',
  async run(bench) {
    const { smoke, rounds, turn } = bench.options;
    const streams = smoke ? 50 : 500;
    using server = await sseServer(bench, 'paced');
    const { urls } = server.ready;
    await using proxies = await startProxies(bench, [BARE, EXPRESS, FASTIFY, HTTP_PROXY, NGINX], urls);
    const targets = new Map<string, Target>([
      [DIRECT, { url: urls[0] ?? '', headers: {}, cpu: async () => 0 }],
    ]);
    for (const [kind, proxy] of proxies.running) targets.set(kind, proxy);
    const measure = (way: string) => {
      const target = targets.get(way);
      if (target === undefined) throw new Error(`No such way: ${way}`);
      return watch(target, streams, 2 * turn);
    };
    return {
      title: `${streams} streams of ${1000 / PACE} tokens a second`,
      note: `A token of 207 bytes every ${PACE} ms on each; latency is a token's way from the server's write to the client's read.`,
      columns: [
        { figure: 'tokens', title: 'tokens/s', digits: 0 },
        { figure: 'cpu', title: 'CPU µs a token', digits: 1 },
        P50,
        P99,
      ],
      rounds: await takeTurns([...targets.keys()], { rounds, warmUp: 1 }, measure),
      skipped: proxies.skipped,
      checks: [EXPRESS, FASTIFY].flatMap((way) => [
        { way, figure: 'cpu', against: BARE, atMost: 1.15 },
        { way, figure: 'p50', against: DIRECT, by: 'difference' as const, atMost: 0.5 },
        { way, figure: 'p99', against: BARE, atMost: 1 },
      ]),
    };
  },
};

type Target = Pick<RunningProxy, 'url' | 'headers' | 'cpu'>;

async function watch(target: Target, count: number, duration: number): Promise<Figures> {
  const late: number[] = [];
  let watching = false;
  const listener = () => {
    const reader = new StampReader((microseconds) => {
      if (watching) late.push(microseconds / 1000);
    });
    return (piece: Buffer) => reader.push(piece);
  };
  using _streams = await openStreams({ ...target, count, listener });
  await sleep(SETTLE);
  const [began, before] = [performance.now(), await target.cpu()];
  watching = true;
  await sleep(duration);
  watching = false;
  const cpu = (await target.cpu()) - before;
  const seconds = (performance.now() - began) / 1000;
  return { tokens: late.length / seconds, cpu: cpu / late.length, ...percentiles(late) };
}
