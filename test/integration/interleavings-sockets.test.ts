import { getEventListeners } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Random } from '../../src/core/clock.js';
import { LoadBalancer } from '../../src/index.js';
import { MockLlmServer, type RequestFault, seededRandom } from '../../src/testing/index.js';
import { CHAT, chat } from '../support/fleet.js';

const RUNS = 300;
/** Runs at a time, each among servers of its own: most of a run is waiting. */
const LANES = 4;
const FIRST_SEED = Number(process.env.SEED ?? 1);

const FAULTS: readonly (RequestFault | undefined)[] = [
  undefined,
  undefined,
  undefined,
  { kind: 'reset-before-headers' },
  { kind: 'reset-after-headers' },
  { kind: 'status', status: 400 },
  { kind: 'status', status: 429, headers: { 'retry-after-ms': '5' } },
  { kind: 'status', status: 500 },
  { kind: 'hang' },
  { kind: 'hang-after-headers' },
  { kind: 'stall', after: 2 },
  { kind: 'cut', after: 2 },
  { kind: 'end-early', after: 2 },
  { kind: 'malformed', after: 0 },
  { kind: 'error-event', after: 1 },
  { kind: 'comments-only', interval: 1 },
  { kind: 'garbage' },
  { kind: 'garbage-body' },
  { kind: 'short-body' },
];

/** A caller that reads all, reads some, or leaves at some point. Whatever becomes of it, it ends. */
async function call(balancer: LoadBalancer, controller: AbortController, random: Random): Promise<void> {
  const leavesAt = random() < 0.4 ? Math.floor(random() * 4) : undefined;
  const reads = random() < 0.2 ? Math.floor(random() * 3) : Number.POSITIVE_INFINITY;
  try {
    const asked = balancer.fetch(CHAT, { ...chat(random() < 0.7), signal: controller.signal });
    if (leavesAt === 0) controller.abort();
    const response = await asked;
    if (leavesAt === 1) controller.abort();
    let chunks = 0;
    for await (const _ of response.body ?? []) {
      chunks++;
      if (leavesAt === chunks + 1) controller.abort();
      if (chunks > reads) break;
    }
  } catch {
    // Errors are what this is about.
  }
}

describe(`${RUNS} random runs over sockets, with faults, aborts, removal and close`, () => {
  let lanes: MockLlmServer[][] = [];
  let before: string[] = [];

  beforeAll(async () => {
    const start = () =>
      Promise.all([0, 1, 2].map((index) => MockLlmServer.start({ name: `s${index}`, tokens: 5 })));
    lanes = await Promise.all(Array.from({ length: LANES }, start));
    before = process.getActiveResourcesInfo().sort();
  });

  afterAll(async () => {
    const servers = lanes.flat();
    await Promise.all(servers.map((server) => server.waitFor(({ connections }) => connections === 0)));
    // Asked of the process: no socket and no timer beside the listeners that were there before.
    expect(process.getActiveResourcesInfo().sort()).toEqual(before);
    await Promise.all(servers.map((server) => server.kill()));
  });

  async function live(seed: number, servers: readonly MockLlmServer[]): Promise<void> {
    const random = seededRandom(seed);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
    for (const server of servers) server.faultWith(() => pick(FAULTS));
    const endpoints = servers.map(({ url, name }) => ({ url, id: name, maxOutstanding: 2 }));
    const balancer = new LoadBalancer({
      endpoints,
      random,
      timeouts: { firstToken: 20, response: 20, idle: 20, unread: 20 },
      admission: { maxQueued: 3, maxWait: 15 },
      breaker: { consecutiveFailures: 2, openFor: 5 },
      retry: { backoff: { base: 1, cap: 2 }, maxWait: 10 },
    });
    const controllers = Array.from({ length: 8 }, () => new AbortController());
    const closesAfter = random() < 0.4 ? Math.floor(random() * 8) : controllers.length;
    let over = 0;
    let reached = () => {};
    const time = new Promise<void>((resolve) => {
      reached = resolve;
    });
    const calls = controllers.map((controller) =>
      call(balancer, controller, random).finally(() => ++over >= closesAfter && reached()),
    );
    const views = balancer.endpoints;
    const change = random();
    if (change < 0.2) balancer.remove('s1');
    else if (change < 0.4) void balancer.drain('s2');
    await time;
    if (change > 0.8) balancer.update(endpoints.slice(0, 2));
    await balancer.close(random() < 0.5 ? {} : { drain: 5 });
    await Promise.all(calls);
    await Promise.all(servers.map((server) => server.waitFor(({ active }) => active === 0)));
    expect(balancer.snapshot()).toMatchObject({ outstanding: 0, queued: 0 });
    expect(views.map(({ outstanding }) => outstanding)).toEqual([0, 0, 0]);
    for (const { signal } of controllers) expect(getEventListeners(signal, 'abort')).toEqual([]);
  }

  it(`leave no lease, request, listener, socket or timer (seeds from ${FIRST_SEED})`, async () => {
    let next = FIRST_SEED;
    const run = async (servers: readonly MockLlmServer[]) => {
      while (next < FIRST_SEED + RUNS) {
        const seed = next++;
        try {
          await live(seed, servers);
        } catch (error) {
          // The other lanes end with the run that they are in.
          next = Number.POSITIVE_INFINITY;
          throw new Error(`With seed ${seed}: ${error instanceof Error ? error.message : error}`, {
            cause: error,
          });
        }
      }
    };
    await Promise.all(lanes.map(run));
    expect(next).toBe(FIRST_SEED + RUNS);
  }, 120_000);
});
