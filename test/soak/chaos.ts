import type { EndpointConfig, LoadBalancer } from 'evenkeel';
import type { MockLlmServer, RequestFault } from 'evenkeel/testing';
import type { Random } from '../../src/core/clock.js';

/** One of these for a quarter of the requests. */
const FAULTS: readonly RequestFault[] = [
  { kind: 'reset-before-headers' },
  { kind: 'reset-after-headers' },
  { kind: 'status', status: 400 },
  { kind: 'status', status: 429, headers: { 'retry-after-ms': '20' } },
  { kind: 'status', status: 500 },
  { kind: 'status', status: 503 },
  { kind: 'hang' },
  { kind: 'hang-after-headers' },
  { kind: 'stall', after: 2 },
  { kind: 'stall-with-comments', after: 2, interval: 20 },
  { kind: 'cut', after: 0 },
  { kind: 'cut', after: 3 },
  { kind: 'end-early', after: 3 },
  { kind: 'malformed', after: 0 },
  { kind: 'error-event', after: 0 },
  { kind: 'error-event', after: 2 },
  { kind: 'comments-only', interval: 2, next: 'answer' },
  { kind: 'comments-only', interval: 2, next: 'cut' },
  { kind: 'slow', interval: 3 },
  { kind: 'garbage' },
  { kind: 'garbage-body' },
  { kind: 'short-body' },
];

function pick<T>(list: readonly T[], random: Random): T {
  return list[Math.floor(random() * list.length)] as T;
}

export function faultAtRandom(random: Random): RequestFault | undefined {
  return random() < 0.25 ? pick(FAULTS, random) : undefined;
}

function rest(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** One disturbance, after which everything is there again. @returns its name */
export async function disturb(
  balancer: LoadBalancer,
  servers: readonly MockLlmServer[],
  endpoints: readonly EndpointConfig[],
  random: Random,
): Promise<string> {
  const index = Math.floor(random() * servers.length);
  const server = servers[index] as MockLlmServer;
  const endpoint = endpoints[index] as EndpointConfig;
  const id = endpoint.id ?? '';
  const moment = 50 + random() * 300;
  const kind = pick(['kill', 'refuse', 'drain', 'remove', 'update'] as const, random);
  switch (kind) {
    case 'kill':
      await server.kill();
      await rest(moment);
      await server.restart();
      break;
    case 'refuse':
      server.fault = { kind: 'refuse' };
      await rest(moment);
      server.fault = undefined;
      await server.ready();
      break;
    case 'drain':
      await balancer.drain(id);
      balancer.update(endpoints);
      break;
    case 'remove':
      balancer.remove(id);
      await rest(moment);
      balancer.add(endpoint);
      break;
    case 'update':
      balancer.update(
        endpoints
          .filter((_, other) => other !== index)
          .map((one) => ({ ...one, weight: 1 + Math.floor(random() * 4) })),
      );
      await rest(moment);
      balancer.update(endpoints);
      break;
  }
  return kind;
}
