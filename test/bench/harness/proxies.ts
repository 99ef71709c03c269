import { join } from 'node:path';
import { Child } from './child.js';
import { MEASURED_CORE, pin } from './pin.js';
import { isProgram, startProxyProgram } from './proxy-programs.js';
import type { Bench } from './section.js';

export const BARE = 'node:http + dispatch';
export const EXPRESS_BARE = 'Express + dispatch';
export const EXPRESS = 'expressBalancer';
export const FASTIFY = 'fastifyBalancer';
export const WEB = 'webHandler under @hono/node-server';
export const HTTP_PROXY = '@fastify/http-proxy';
export const REPLY_FROM = '@fastify/reply-from with BalancedPool';
export const MIDDLEWARE = 'http-proxy-middleware';
export const PORTKEY = '@portkey-ai/gateway';
export const NGINX = 'nginx least_conn';
export const HAPROXY = 'HAProxy leastconn';

/** Without these the section says nothing. */
const NEEDED: readonly string[] = [BARE, EXPRESS, FASTIFY];

/** A proxy that runs as a process of its own. */
export interface RunningProxy {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Processor time so far, in µs. */
  cpu(): Promise<number>;
  /** Bytes of memory it holds, garbage left out where that can be. */
  memory(): Promise<number>;
  stop(): Promise<void>;
}

/** Proxies by name, each on the core of what is measured; and those that could not be had. */
export interface Proxies extends AsyncDisposable {
  readonly running: ReadonlyMap<string, RunningProxy>;
  readonly skipped: readonly string[];
}

export async function startProxies(
  bench: Bench,
  kinds: readonly string[],
  urls: readonly string[],
): Promise<Proxies> {
  const running = new Map<string, RunningProxy>();
  const skipped: string[] = [];
  const dispose = async () => {
    for (const proxy of running.values()) await proxy.stop();
  };
  for (const kind of kinds) {
    try {
      running.set(kind, await startProxy(bench, kind, urls));
    } catch (error) {
      if (NEEDED.includes(kind)) {
        await dispose();
        throw error;
      }
      skipped.push(`${kind} (it did not start; is it installed?)`);
    }
  }
  return { running, skipped, [Symbol.asyncDispose]: dispose };
}

export async function startProxy(bench: Bench, kind: string, urls: readonly string[]): Promise<RunningProxy> {
  if (isProgram(kind)) return startProxyProgram(kind, urls);
  const child = await Child.start<{ url: string }>(
    join(bench.folder, 'proxy.mjs'),
    [kind, JSON.stringify(urls)],
    ['--expose-gc'],
  );
  pin(child.pid, MEASURED_CORE);
  return {
    url: child.ready.url,
    headers: kind === PORTKEY ? portkeyHeaders(urls) : {},
    cpu: () => child.ask('cpu'),
    memory: () => child.ask('memory'),
    stop: async () => child[Symbol.dispose](),
  };
}

/** Portkey's gateway is told with each request where to send it. */
function portkeyHeaders(urls: readonly string[]): Record<string, string> {
  const targets = urls.map((url) => ({ provider: 'openai', api_key: 'sk-bench', custom_host: `${url}/v1` }));
  return { 'x-portkey-config': JSON.stringify({ strategy: { mode: 'loadbalance' }, targets }) };
}
