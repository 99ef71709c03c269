import { getEventListeners } from 'node:events';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Random } from '../../src/core/clock.js';
import { type EndpointView, LoadBalancer, StreamError } from '../../src/index.js';
import { type ManualClock, manualClock, seededRandom } from '../../src/testing/index.js';
import { DONE, EVENT_STREAM, type FakeCall, FakeWire, JSON_BODY, TOKEN } from '../support/fake-wire.js';
import { CHAT, chat } from '../support/fleet.js';

// The real balancer over a wire of ours: every order of events is possible, and none needs a socket.
let wire = new FakeWire();
vi.mock('../../src/transport/undici-transport.js', () => ({
  openUndiciChannel: (...args: Parameters<FakeWire['open']>) => wire.open(...args),
}));

const RUNS = 10_000;
const PARTS = 20;
/** Every run is repeated by its seed: `SEED=1234 npx vitest run test/integration/interleavings.test.ts`. */
const FIRST_SEED = Number(process.env.SEED ?? 1);

/** Two hundred thousand calls of `expect` would be a quarter of the time: it is called where something is wrong. */
function isNought(counts: Readonly<Record<string, number>>): void {
  const names = Object.keys(counts);
  if (names.every((name) => counts[name] === 0)) return;
  expect(counts).toEqual(Object.fromEntries(names.map((name) => [name, 0])));
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A caller, and everything that came of its request. */
class Caller {
  readonly controller = new AbortController();
  readonly over: Promise<void>;
  done = false;
  /** Kept, so that the garbage collector cannot come between a seed and what it repeats. */
  response: Response | undefined;

  constructor(balancer: LoadBalancer, random: Random) {
    const streaming = random() < 0.7;
    const timeouts = random() < 0.2 ? { total: 150 } : {};
    const init = { ...chat(streaming), signal: this.controller.signal, evenkeel: { timeouts } };
    this.over = this.#run(balancer.fetch(CHAT, init), random).finally(() => {
      this.done = true;
    });
  }

  async #run(answer: Promise<Response>, random: Random): Promise<void> {
    const { signal } = this.controller;
    const reading = random();
    try {
      this.response = await answer;
    } catch (error) {
      // The one thing `fetch` may reject with.
      if (!signal.aborted || error !== signal.reason) throw error;
      return;
    }
    const { response } = this;
    if (reading < 0.1) return;
    if (reading < 0.3) {
      const reader = response.body?.getReader();
      await reader?.read().catch(() => {});
      await reader?.cancel().catch(() => {});
      return;
    }
    const stream = response.headers.get('content-type') === 'text/event-stream';
    let text = '';
    try {
      const decoder = new TextDecoder();
      for await (const chunk of response.body ?? []) text += decoder.decode(chunk, { stream: true });
    } catch (error) {
      if (error !== signal.reason && !(error instanceof StreamError)) throw error;
      return;
    }
    // A clean end means a whole answer, or one that says itself what went wrong.
    const whole = stream ? /data: \[DONE\]|"error"/ : /^(?!{)|}$/;
    if (response.status === 200 && !whole.test(text)) expect(text).toMatch(whole);
  }
}

type Move = (call: FakeCall, random: Random) => void;

/** What a server may do next with an attempt. */
const MOVES: readonly Move[] = [
  (call, random) => call.sent(random() < 0.5),
  (call) => call.status(400),
  (call) => call.status(302, { location: '/elsewhere' }),
  (call) => call.status(429, { 'retry-after-ms': '30' }),
  (call) => call.status(429),
  (call) => call.status(500),
  (call) => call.status(503),
  (call) => call.end(),
  (call) => call.fail(),
  (call) => call.sent(true).fail(),
];
const STREAM_MOVES: readonly Move[] = [
  ...MOVES,
  (call) => call.headers(200, EVENT_STREAM),
  (call) => call.headers(200, EVENT_STREAM).data(': keep-alive\n\n'),
  (call) => call.headers(200, EVENT_STREAM).data(TOKEN),
  (call) => call.data(TOKEN),
  (call) => call.data(TOKEN),
  (call) => call.data(TOKEN.slice(0, 20)),
  (call) => call.stream(),
  (call) => call.stream(3),
  (call) => call.data(DONE),
  (call) => call.data('data: {"error":{"message":"engine"}}\n\n'),
  (call) => call.data('data: {nonsense\n\n'),
];
const JSON_MOVES: readonly Move[] = [
  ...MOVES,
  (call) => call.headers(200, JSON_BODY),
  (call) => call.headers(200, JSON_BODY).data('{"half":'),
  (call) => call.data('true}'),
  (call) => call.json(),
  (call) => call.json(),
];

function movesOf({ request }: FakeCall): readonly Move[] {
  return String(request.body).includes('"stream":true') ? STREAM_MOVES : JSON_MOVES;
}

/** One random life of a balancer, from its first request to its last timer. */
async function live(seed: number): Promise<void> {
  const random = seededRandom(seed);
  const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)];
  const clock: ManualClock = manualClock();
  wire = new FakeWire();
  const endpoint = (index: number) => ({
    url: `http://e${index}`,
    id: `e${index}`,
    tier: index === 3 ? 1 : 0,
    maxOutstanding: 1 + Math.floor(random() * 3),
  });
  const balancer = new LoadBalancer({
    endpoints: Array.from({ length: 1 + Math.floor(random() * 3) }, (_, index) => endpoint(index)),
    clock,
    random,
    timeouts: { connect: 40, firstToken: 60, response: 60, idle: 50, unread: 80 },
    admission: { maxQueued: 3, maxWait: 70 },
    breaker: { consecutiveFailures: 2, openFor: 30, failOpen: random() < 0.8 },
    retry: random() < 0.9 ? {} : false,
  });
  const known = new Set<EndpointView>();
  const callers: Caller[] = [];
  const promises: Promise<unknown>[] = [];
  let attempts = 0;
  balancer.observe(({ type }) => {
    if (type === 'attempt-started') attempts++;
    if (type === 'attempt-settled') attempts--;
  });

  const moves: readonly (() => void)[] = [
    () => callers.push(new Caller(balancer, random)),
    () => callers.push(new Caller(balancer, random)),
    () => pick(callers.filter(({ done }) => !done))?.controller.abort(),
    () => balancer.remove(`e${Math.floor(random() * 3)}`),
    () => void promises.push(balancer.drain(`e${Math.floor(random() * 3)}`)),
    () => balancer.update([endpoint(0), endpoint(1), endpoint(3)]),
    () => clock.advance(random() * 40),
    () => clock.advance(random() * 10),
  ];
  const steps = 10 + Math.floor(random() * 30);
  for (let step = 0; step < steps; step++) {
    for (const one of balancer.endpoints) known.add(one);
    const call = pick(wire.live);
    if (call !== undefined && random() < 0.6) pick(movesOf(call))?.(call, random);
    else pick(moves)?.();
    // Several moves may fall into one turn of the event loop.
    if (random() < 0.3) continue;
    await turn();
    for (const one of balancer.endpoints) known.add(one);
    // Case 18: what endpoints count is what is under way.
    let outstanding = 0;
    for (const one of known) outstanding += one.outstanding;
    isNought({ untrue: outstanding - attempts });
  }

  if (random() < 0.3) {
    // An end without `close`: the clocks alone have to bring everything home.
    const home = () => clock.pending === 0 && callers.every(({ done }) => done);
    for (let round = 0; !home() && round < 400; round++) await clock.advanceAsync(50);
    isNought({
      pending: clock.pending,
      live: wire.live.length,
      callers: callers.filter(({ done }) => !done).length,
      outstanding: balancer.snapshot().outstanding,
    });
  }
  const closed = balancer.close({ drain: random() < 0.5 ? 0 : 45 });
  await clock.advanceAsync(60);
  await closed;
  await Promise.all(promises);
  await Promise.all(callers.map(({ over }) => over));

  const { outstanding, queued, queuedByModel } = balancer.snapshot();
  isNought({
    outstanding,
    queued,
    ofModels: Object.keys(queuedByModel).length,
    ofEndpoints: [...known].filter((one) => one.outstanding !== 0).length,
    attempts,
    live: wire.live.length,
    open: wire.channels.filter((channel) => !channel.closed).length,
    listening: callers.filter(({ controller }) => getEventListeners(controller.signal, 'abort').length > 0)
      .length,
    pending: clock.pending,
  });
}

describe('Random interleavings of end, abort, error, retry, removal and close (cases 16, 17, 18)', () => {
  let before: string[] = [];
  const { stackTraceLimit } = Error;
  beforeAll(() => {
    // Nobody reads where the errors of a thousand faults were made.
    Error.stackTraceLimit = 0;
    before = process.getActiveResourcesInfo().sort();
  });
  afterAll(() => {
    Error.stackTraceLimit = stackTraceLimit;
    // Asked of the process, not of counters of our own.
    expect(process.getActiveResourcesInfo().sort()).toEqual(before);
  });

  for (let part = 0; part < PARTS; part++) {
    const from = FIRST_SEED + (part * RUNS) / PARTS;
    const to = from + RUNS / PARTS;
    it(`leave no lease, queue entry, timer, listener or connection (seeds ${from} to ${to - 1})`, async () => {
      for (let seed = from; seed < to; seed++) {
        try {
          await live(seed);
        } catch (error) {
          throw new Error(`With seed ${seed}: ${error instanceof Error ? error.message : error}`, {
            cause: error,
          });
        }
      }
    });
  }
});
