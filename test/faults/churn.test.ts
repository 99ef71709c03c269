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
  return { balancer, turn, isMember: (id: string) => inUse.some((one) => one.id === id) };
}

/** Real times of the picks of one balancer, in ms. */
class Picks {
  readonly #rig: ReturnType<typeof churning>;
  readonly times: number[] = [];
  readonly wrong: string[] = [];
  /** Picks in whose midst another process was let at the processor. */
  interrupted = 0;
  made = 0;
  #startedAt = 0;
  #switches = 0;

  constructor(rig: ReturnType<typeof churning>) {
    this.#rig = rig;
    rig.balancer.observe((event) => {
      if (event.type !== 'attempt-started') return;
      const took = performance.now() - this.#startedAt;
      this.made++;
      if (switches() === this.#switches) this.times.push(took);
      else this.interrupted++;
      this.#check(event.endpoint);
    });
  }

  get p99(): number {
    const sorted = this.times.toSorted((one, other) => one - other);
    return sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN;
  }

  ask(): void {
    this.#switches = switches();
    this.#startedAt = performance.now();
    void this.#rig.balancer.fetch(CHAT, chat(true)).then((response) => response.text());
  }

  /** It is a member, and had as few as anybody; its own request is counted already. */
  #check(id: string): void {
    const { balancer, isMember } = this.#rig;
    const least = Math.min(...balancer.endpoints.map(({ outstanding }) => outstanding));
    const chosen = balancer.endpoints.find((endpoint) => endpoint.id === id);
    if (!isMember(id) || chosen === undefined || chosen.outstanding - 1 > least) this.wrong.push(id);
  }
}

function switches(): number {
  return process.resourceUsage().involuntaryContextSwitches;
}

describe('200 endpoints, of which 50 a second are replaced, under load for a minute', () => {
  /**
   * The two are asked in turns, so that what the machine does beside them, the garbage collector included, falls on
   * both alike; and a pick that was interrupted counts for neither.
   */
  it('are chosen among as if nothing changed, at the same price, and leave nothing behind', {
    timeout: 180_000,
  }, async () => {
    const [still, busy] = [churning(), churning()];
    const pair = [new Picks(still), new Picks(busy)] as const;
    let third = 0;
    for (let step = 0; step < 3_000; step++) {
      busy.turn();
      if (step === 1_000) third = memoryInUse().heap;
      const first = step % 2 === 0 ? pair : pair.toReversed();
      for (const picks of [...first, ...first.toReversed()]) picks.ask();
      await clock.advanceAsync(20);
    }
    // Bytes, from the first third of the minute to its end: 2 000 replacements.
    expect(memoryInUse().heap - third).toBeLessThan(2 ** 20);
    for (const { made, wrong, interrupted } of pair) {
      expect([made, wrong]).toEqual([6_000, []]);
      expect(interrupted).toBeLessThan(3_000);
    }
    const [calm, changing] = pair;
    expect(changing.p99 / calm.p99).toBeLessThan(2);
    await clock.advanceAsync(1_000);
    // Only members have connections.
    expect(open).toBe(2 * MEMBERS);
    for (const { balancer } of [still, busy]) {
      expect(balancer.snapshot()).toMatchObject({ outstanding: 0, queued: 0 });
      await balancer.close();
    }
    expect(clock.pending).toBe(0);
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
