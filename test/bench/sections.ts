import { join } from 'node:path';
import { Child } from './child.js';
import { type Goal, takeTurns } from './comparison.js';
import type { BenchOptions } from './options.js';
import { pin } from './pin.js';
import { loadProxy, type ProxyTarget } from './raw-load.js';
import type { Section } from './report.js';
import type { Measurement } from './serve-parent.js';

const FETCH = 'balancer.fetch';
const GLOBAL_FETCH = 'global fetch';
const WRAPPED_POOL = 'Pool.request in a Response';
const BALANCED_CLIENT = 'OpenAI client with balancer.fetch';
const CLIENT = 'OpenAI client';
const OURS = 'expressBalancer';
const PROXY_GOALS: readonly Goal[] = [
  { way: OURS, against: '@fastify/http-proxy', atLeast: 1.7 },
  { way: OURS, against: 'http-proxy-middleware', atLeast: 1.7 },
  { way: OURS, against: '@portkey-ai/gateway', atLeast: 12 },
];
/** The load and the servers have core 0 (see `main.ts`). */
const PROXY_CORE = 1;
/** What Express itself costs: it answers the same, and sends nothing on. */
const FLOOR = 'Express alone';
const PROXIES = [OURS, FLOOR, ...PROXY_GOALS.map(({ against }) => against)];

/** The functions an application calls itself, each in the same process as the others. */
export async function callSections(
  folder: string,
  urls: readonly string[],
  options: BenchOptions,
): Promise<Section[]> {
  using clients = await Child.start(join(folder, 'clients.mjs'), [JSON.stringify(urls)]);
  const section = async (
    title: string,
    ways: readonly string[],
    goals: readonly Goal[],
  ): Promise<Section> => {
    const measure = (way: string) =>
      clients.ask<Measurement>(JSON.stringify({ way, milliseconds: options.turn }));
    return { title, ways, goals, skipped: [], rounds: await takeTurns(ways, options, measure) };
  };
  const clientGoal = Number(process.versions.node.split('.')[0]) >= 22 ? 1.5 : 2;
  return [
    await section(
      'balancer.fetch',
      [FETCH, GLOBAL_FETCH, WRAPPED_POOL],
      [
        { way: FETCH, against: GLOBAL_FETCH, atLeast: 2.5 },
        { way: FETCH, against: WRAPPED_POOL, atLeast: 0.75 },
      ],
    ),
    await section(
      'OpenAI client',
      [BALANCED_CLIENT, CLIENT],
      [{ way: BALANCED_CLIENT, against: CLIENT, atLeast: clientGoal }],
    ),
  ];
}

/** Whole proxies, each a process of its own, loaded one after the other. */
export async function proxySection(
  folder: string,
  urls: readonly string[],
  options: BenchOptions,
): Promise<Section> {
  const running = new Map<string, { process: Child<{ url: string }>; target: ProxyTarget }>();
  const skipped: string[] = [];
  for (const kind of PROXIES) {
    try {
      const process = await Child.start<{ url: string }>(join(folder, 'proxy.mjs'), [
        kind,
        JSON.stringify(urls),
      ]);
      pin(process.pid, PROXY_CORE);
      running.set(kind, { process, target: { url: process.ready.url, headers: headersFor(kind, urls) } });
    } catch (error) {
      if (kind === OURS || kind === FLOOR) throw error;
      skipped.push(`${kind} (it did not start; is it installed?)`);
    }
  }
  try {
    const ways = [...running.keys()];
    const rounds = await takeTurns(ways, options, async (way) => {
      const proxy = running.get(way);
      if (proxy === undefined) throw new Error(`No such proxy: ${way}`);
      const before = await proxy.process.ask<number>('cpu');
      const load = await loadProxy(proxy.target, options.turn);
      return { ...load, cpu: (await proxy.process.ask<number>('cpu')) - before };
    });
    const goals = PROXY_GOALS.filter(({ against }) => running.has(against));
    return { title: 'Express middleware', ways, rounds, goals, skipped };
  } finally {
    for (const { process } of running.values()) process[Symbol.dispose]();
  }
}

/** Portkey's gateway is told with each request where to send it. */
function headersFor(kind: string, urls: readonly string[]): Record<string, string> {
  if (kind !== '@portkey-ai/gateway') return {};
  const targets = urls.map((url) => ({ provider: 'openai', api_key: 'sk-bench', custom_host: `${url}/v1` }));
  return { 'x-portkey-config': JSON.stringify({ strategy: { mode: 'loadbalance' }, targets }) };
}
