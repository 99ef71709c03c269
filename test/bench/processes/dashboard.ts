/** A process whose balancer of a hundred endpoints serves its dashboard, to a viewer or to nobody. */
import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { LoadBalancer } from 'evenkeel';
import { dashboardHandler } from 'evenkeel/dashboard';
import { QUESTION } from '../harness/payload.js';
import { cpuTime, serveParent } from '../harness/serve-parent.js';

export interface DashboardTurn {
  readonly watched: boolean;
  readonly milliseconds: number;
}

const ENDPOINTS = 100;
/** Between two requests: ten a second, so that every update has something to tell. */
const GAP = 100;
const urls: readonly string[] = JSON.parse(process.argv[2] ?? '[]');
const balancer = new LoadBalancer({
  endpoints: Array.from({ length: ENDPOINTS }, (_, index) => ({
    id: `gpu-${index}`,
    url: urls[index % urls.length] ?? '',
    maxOutstanding: 16,
  })),
});
const handler = dashboardHandler(balancer, { authorize: () => true });
const server = createServer((request, response) => handler(request, response, () => response.destroy()));
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const page = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;

/** Reads the feed as a browser does. @returns leaves */
async function watch(): Promise<() => void> {
  const request = get(page, { headers: { accept: 'text/event-stream' } });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.resume();
  return () => request.destroy();
}

async function measure({ watched, milliseconds }: DashboardTurn) {
  const leave = watched ? await watch() : () => {};
  const cpu = cpuTime();
  const began = performance.now();
  while (performance.now() - began < milliseconds) {
    const answer = await balancer.fetch('/v1/chat/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: QUESTION,
    });
    await answer.json();
    await pause(GAP);
  }
  // µs of processor time in a ms are a tenth of a percent of a core each.
  const core = (cpuTime() - cpu) / (performance.now() - began) / 10;
  leave();
  return { core };
}

serveParent('ready', (turn) => measure(JSON.parse(turn)));
