/**
 * Orderings and generous ratios that are known of such fleets, from other simulators of the same model and from what
 * gateways have published. Not milliseconds: those belong to the model.
 */
import { leastOutstanding, roundRobin } from 'evenkeel';
import { generateTrace, type SimulatedWorld, type SimulationOptions, simulate } from 'evenkeel/simulation';
import { describe, expect, it } from 'vitest';
import { least } from '../quality/rivals/least.js';
import { llmDDefault } from '../quality/rivals/llm-d-default.js';
import { rivalWorld } from '../quality/rivals/rival-world.js';
import { sglangCacheAware } from '../quality/rivals/sglang-cache-aware.js';

const chat = generateTrace({ requests: 3_000 });

function run(options: Pick<SimulationOptions, 'fleet' | 'policy'> & Partial<SimulationOptions>) {
  return simulate({ trace: chat, ...options });
}

describe('one H100, two A100 and four L4, lightly loaded', () => {
  const fleet = 'h100,a100x2,l4x4';

  it('have a p99 first token twenty times as long under round robin as under least outstanding, and 1.5 times as long under that without weights as with true ones', async () => {
    const turns = await run({ fleet, policy: () => roundRobin() });
    const least = await run({ fleet, policy: () => leastOutstanding() });
    const weighted = await run({ fleet, policy: () => leastOutstanding(), weights: 'capacity' });
    expect(turns.firstToken.p99).toBeGreaterThan(20 * least.firstToken.p99);
    expect(least.firstToken.p99).toBeGreaterThan(1.5 * weighted.firstToken.p99);
  });
});

describe('four A100, at six tenths of what they can do', () => {
  /** Least running and waiting, as read some time ago; nothing of one's own counts. */
  const scrapedOnly = (interval: number) => (world: SimulatedWorld) => {
    const loads = new Map<string, number>();
    const read = (id: string) => world.replica(id).running + world.replica(id).waiting;
    world.every(interval, () => {
      for (const id of loads.keys()) loads.set(id, read(id));
    });
    return {
      name: 'scraped only',
      select: (candidates: Parameters<typeof least>[0], _: unknown, context?: { random: () => number }) => {
        for (const { id } of candidates) if (!loads.has(id)) loads.set(id, read(id));
        return least(candidates, ({ id }) => loads.get(id) ?? 0, context?.random);
      },
    };
  };

  it('are as good under round robin as under least outstanding, and twice as bad where all follow figures up to 5 s old', async () => {
    const options = {
      fleet: 'a100x4',
      load: 0.6,
      trace: { ...chat, requests: chat.requests.slice(0, 1_500) },
    };
    const turns = await run({ ...options, policy: () => roundRobin() });
    const local = await run({ ...options, policy: () => leastOutstanding() });
    const stale = await run({ ...options, policy: scrapedOnly(5_000) });
    expect(local.firstToken.mean / turns.firstToken.mean).toBeLessThan(1.25);
    expect(turns.firstToken.mean / local.firstToken.mean).toBeLessThan(1.25);
    expect(stale.firstToken.p99).toBeGreaterThan(2 * local.firstToken.p99);
  });
});

describe('eight A100 with prompts that share prefixes', () => {
  it.each(['shared-prefix', 'conversation'] as const)(
    'have a shorter mean first token under policies that go after prefixes with a guard than under least outstanding (%s)',
    async (shape) => {
      const options = { trace: generateTrace({ shape, requests: 600 }), fleet: 'a100x8', load: 0.8 };
      const spread = await run({ ...options, policy: () => leastOutstanding() });
      for (const policy of [llmDDefault, sglangCacheAware]) {
        const affine = await run({ ...options, policy: (world) => policy(rivalWorld(world)) });
        expect(affine.cacheHitRate).toBeGreaterThan(spread.cacheHitRate);
        expect(affine.firstToken.mean).toBeLessThan(spread.firstToken.mean);
      }
    },
  );
});
