import { setMaxListeners } from 'node:events';
import { LoadBalancer } from 'evenkeel';
import { MockLlmServer, seededRandom } from 'evenkeel/testing';
import { memoryInUse } from '../support/heap.js';
import { SERVED_FACADES } from '../support/served-facades.js';
import { type Caller, fetchCaller, httpCaller, webCaller } from './callers.js';
import { disturb, faultAtRandom } from './chaos.js';
import { Tally } from './tally.js';

const SERVERS = 4;
const CALLERS = 24;
const HELD = 12;

export interface SoakOptions {
  readonly seconds: number;
  readonly seed: number;
  /** Seconds between samples, at which everything stands still. */
  readonly every: number;
  /** Goes on until this is so as well. Default: it is so at once. */
  readonly enough?: (tally: Tally) => boolean;
  /** Hears a line at each sample. */
  readonly report?: (line: string) => void;
}

/** Real sockets, every facade, chaos on every server; stands still now and then and counts. */
export async function soak({
  seconds,
  seed,
  every,
  enough = () => true,
  report = () => {},
}: SoakOptions): Promise<Tally> {
  const handles = process.getActiveResourcesInfo();
  const tally = new Tally();
  const random = seededRandom(seed);
  const servers = await Promise.all(
    Array.from({ length: SERVERS }, (_, index) =>
      MockLlmServer.start({ name: `s${index}`, tokens: 20, multibyte: true, keepRequests: 0 }),
    ),
  );
  const endpoints = servers.map(({ url, name }) => ({ url, id: name, maxOutstanding: 8 }));
  const balancer = new LoadBalancer({
    endpoints,
    random: seededRandom(seed + 1),
    timeouts: { connect: 1_000, firstToken: 250, response: 250, idle: 250, unread: 500 },
    admission: { maxQueued: 20, maxWait: 400 },
    breaker: { openFor: 100, maxOpenFor: 300 },
    retry: { backoff: { base: 2, cap: 20 }, maxWait: 200 },
    slowStart: { window: 200 },
  });
  const expected = servers[0]?.completionText() ?? '';
  const sites = await Promise.all([SERVED_FACADES.Express(balancer), SERVED_FACADES.Fastify(balancer)]);
  const overHttp = sites.map(({ url }) => httpCaller(url, expected));
  const callers = [
    fetchCaller(balancer, expected),
    webCaller(balancer, expected),
    ...overHttp.map(({ call }) => call),
  ];

  const begun = performance.now();
  const end = begun + seconds * 1000;
  while ((performance.now() < end || !enough(tally)) && tally.problems.length === 0) {
    for (const server of servers) server.faultWith(() => faultAtRandom(random));
    const now = performance.now();
    const stop = now + Math.min(every * 1000, end > now ? end - now : Number.POSITIVE_INFINITY);
    const going = () => performance.now() < stop;
    await Promise.all([
      ...Array.from({ length: CALLERS }, (_, index) =>
        keepCalling(callers[index % callers.length] as Caller),
      ),
      keepDisturbing(),
    ]);
    await standStill();
    tally.heap.push(memoryInUse().heap);
    report(`${Math.round((performance.now() - begun) / 1000)} s, seed ${seed}: ${tally.line}`);

    async function keepCalling(call: Caller): Promise<void> {
      while (going()) {
        await call(random).then(
          (ending) => tally.endings[ending]++,
          (error: unknown) => tally.problem(error instanceof Error ? error.message : String(error)),
        );
        await rest(random() * 20);
      }
    }

    async function keepDisturbing(): Promise<void> {
      while (going()) {
        tally.disturbed(await disturb(balancer, servers, endpoints, random));
        await rest(random() * 300);
      }
    }
  }

  for (const { close } of overHttp) close();
  await Promise.all(sites.map((site) => site[Symbol.asyncDispose]()));
  await balancer.close();
  await check('sockets at the servers', () => sum(({ connections }) => connections), 0);
  await Promise.all(servers.map((server) => server.kill()));
  await check('handles left over', () => handlesBeside(handles), '');
  tally.judgeHeap();
  return tally;

  /** Nothing is under way; then some requests are, of which balancer and servers must say the same. */
  async function standStill(): Promise<void> {
    for (const server of servers) server.faultWith(undefined);
    await check('outstanding and queued at rest', () => rested(balancer), '0, 0');
    await check('active at the servers at rest', () => sum(({ active }) => active), 0);
    const leaving = new AbortController();
    setMaxListeners(HELD, leaving.signal);
    for (const server of servers) server.fault = { kind: 'hang' };
    const init = { method: 'POST', body: '{"model":"mock-model"}', signal: leaving.signal };
    const wishes = { evenkeel: { timeouts: { response: 60_000 } } };
    let over = 0;
    const held = Array.from({ length: HELD }, () =>
      balancer.fetch('/v1/chat/completions', { ...init, ...wishes }).then(
        () => over++,
        () => over++,
      ),
    );
    const counts = () => servers.map(({ name, stats }) => `${name} ${stats.active}`).join();
    await until(() => sum(({ active }) => active) + over === HELD);
    await check('requests held', counts, () =>
      balancer.endpoints
        .map(({ id, outstanding }) => `${id} ${outstanding}`)
        .sort()
        .join(),
    );
    leaving.abort();
    await Promise.all(held);
    await check('outstanding and queued after they left', () => rested(balancer), '0, 0');
    await check('active at the servers after they left', () => sum(({ active }) => active), 0);
    for (const server of servers) server.fault = undefined;
    await Promise.all(servers.map((server) => server.ready()));
  }

  function sum(of: (stats: MockLlmServer['stats']) => number): number {
    return servers.reduce((total, { stats }) => total + of(stats), 0);
  }

  /** Waits for it, but not for ever. */
  async function check<T>(what: string, actual: () => T, expected: T | (() => T)): Promise<void> {
    const wanted = () => (typeof expected === 'function' ? (expected as () => T)() : expected);
    const same = await until(() => actual() === wanted());
    if (!same) tally.problem(`${what}: ${String(actual())}, but should be ${String(wanted())}`);
  }
}

function rested(balancer: LoadBalancer): string {
  const { outstanding, queued } = balancer.snapshot();
  return `${outstanding}, ${queued}`;
}

/** Sockets, timers and the like that were not there before. */
function handlesBeside(before: readonly string[]): string {
  const known = [...before];
  return process
    .getActiveResourcesInfo()
    .filter((handle) => {
      const at = known.indexOf(handle);
      if (at !== -1) known.splice(at, 1);
      return at === -1;
    })
    .join();
}

function rest(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Resolves to whether it came to hold within ten seconds. */
async function until(holds: () => boolean): Promise<boolean> {
  const limit = performance.now() + 10_000;
  while (!holds()) {
    if (performance.now() > limit) return false;
    // An immediate, not a timer: a timer would be a handle of its own while handles are counted.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return true;
}
