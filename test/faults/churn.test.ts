import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { DiscoveryListener } from '../../src/core/discovery.js';
import type { EndpointChannel } from '../../src/core/transport.js';
import { type EndpointConfig, LoadBalancer, leastOutstanding } from '../../src/index.js';
import { type ManualClock, manualClock, seededRandom } from '../../src/testing/index.js';
import { FakeCall } from '../support/fake-wire.js';
import { CHAT, chat } from '../support/fleet.js';
import { memoryInUse } from '../support/heap.js';

let clock: ManualClock;
let open = 0;
/** Answers in half a second, and remembers nothing. */
const channel = (url: string): EndpointChannel => {
  open++;
  return {
    send(request, handler) {
      const call = new FakeCall(url, request, handler);
      clock.setTimer(() => call.stream(), 500);
      return call;
    },
    async close() {
      open--;
    },
    async destroy() {},
  };
};
vi.mock('../../src/transport/undici-transport.js', () => ({
  openUndiciChannel: (url: string) => channel(url),
}));
beforeEach(() => {
  clock = manualClock();
  open = 0;
});

const SEED = 11;
/** Names that can be had; twice as many as are in use, so that some return. */
const NAMES = Array.from({ length: 400 }, (_, index) => ({ url: `http://e${index}:8000`, id: `e${index}` }));
const MEMBERS = 200;

/** A balancer whose source turns one endpoint over with every `turn`. */
function churning(size = MEMBERS) {
  const random = seededRandom(SEED);
  const inUse = NAMES.slice(0, size);
  const free = NAMES.slice(size, 2 * size);
  let listener: DiscoveryListener | undefined;
  const balancer = new LoadBalancer({
    endpoints: {
      name: 'churn',
      watch(one) {
        listener = one;
        one.update(inUse);
        return async () => {};
      },
    },
    clock,
    random: seededRandom(SEED + 1),
    slowStart: false,
    // Looks at all of them, so that its choice can be checked.
    policy: leastOutstanding({ scanLimit: MEMBERS }),
  });
  const swap = (list: EndpointConfig[], other: EndpointConfig[]) => {
    const index = Math.floor(random() * list.length);
    const [gone] = list.splice(index, 1);
    const [come] = other.splice(Math.floor(random() * other.length), 1);
    if (gone !== undefined) other.push(gone);
    if (come !== undefined) list.push(come);
  };
  const turn = () => {
    swap(inUse, free);
    listener?.update([...inUse]);
  };
  return { balancer, turn, members: () => new Set(inUse.map(({ id }) => id)) };
}

/** So many steps of 20 ms, with two requests and a `change` in each. Gives the time of every pick, in real ms. */
async function load(
  { balancer, members }: ReturnType<typeof churning>,
  steps: number,
  change: (step: number) => void,
): Promise<number[]> {
  const picks: number[] = [];
  const wrong: string[] = [];
  let startedAt = 0;
  const unobserve = balancer.observe((event) => {
    if (event.type !== 'attempt-started') return;
    picks.push(performance.now() - startedAt);
    const least = Math.min(...balancer.endpoints.map(({ outstanding }) => outstanding));
    const chosen = balancer.endpoints.find(({ id }) => id === event.endpoint);
    // Its own request is counted already, and it had as few as anybody.
    if (!members().has(event.endpoint) || chosen === undefined || chosen.outstanding - 1 > least)
      wrong.push(event.endpoint);
  });
  for (let step = 0; step < steps; step++) {
    change(step);
    for (let request = 0; request < 2; request++) {
      startedAt = performance.now();
      void balancer.fetch(CHAT, chat(true)).then((response) => response.text());
    }
    await clock.advanceAsync(20);
  }
  unobserve();
  expect(wrong).toEqual([]);
  expect(picks).toHaveLength(2 * steps);
  return picks;
}

/**
 * The lowest of the p99s of spans of five seconds, 500 picks each: what the code takes when the machine is not taken away from
 * it for a while.
 */
function quietP99(times: readonly number[]): number {
  const span = 500;
  const p99s = Array.from({ length: times.length / span }, (_, index) => {
    const sorted = times.slice(index * span, (index + 1) * span).sort((one, other) => one - other);
    return sorted[Math.floor(span * 0.99)] ?? Number.NaN;
  });
  return Math.min(...p99s);
}

describe('200 endpoints, of which 50 a second are replaced, under load for a minute', () => {
  it('are chosen among as if nothing changed, at the same price, and leave nothing behind', {
    timeout: 180_000,
  }, async () => {
    // A machine that is busy with something else gets three chances.
    const ratios: number[] = [];
    let growth = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 3 && !(ratios.some((ratio) => ratio < 2) && growth < 2 ** 20); round++) {
      const still = churning();
      const calm = await load(still, 1_000, () => {});
      await still.balancer.close();
      const rig = churning();
      let third = 0;
      const busy = await load(rig, 3_000, (step) => {
        rig.turn();
        if (step === 1_000) third = memoryInUse().heap;
      });
      growth = Math.min(growth, memoryInUse().heap - third);
      ratios.push(quietP99(busy) / quietP99(calm));
      await clock.advanceAsync(1_000);
      // Only members have connections.
      expect(open).toBe(MEMBERS);
      expect(rig.balancer.snapshot()).toMatchObject({ outstanding: 0, queued: 0 });
      await rig.balancer.close();
      expect(clock.pending).toBe(0);
      open = 0;
    }
    expect(Math.min(...ratios)).toBeLessThan(2);
    // Bytes, from the first third of the minute to its end: 2 000 replacements.
    expect(growth).toBeLessThan(2 ** 20);
  });
});

describe('Ten thousand updates', () => {
  it('leave no memory, no timer and no connection behind', { timeout: 180_000 }, async () => {
    const { balancer, turn } = churning(20);
    const few = async (updates: number) => {
      for (let update = 0; update < updates; update++) {
        turn();
        if (update % 100 === 0) await clock.advanceAsync(10);
      }
      await clock.advanceAsync(1);
      return memoryInUse().heap;
    };
    const before = await few(1_000);
    const after = await few(9_000);
    // Bytes. One endpoint kept of each update would be a hundred times that.
    expect(after - before).toBeLessThan(2 ** 20);
    expect([open, clock.pending]).toEqual([20, 0]);
    await balancer.close();
  });
});
