import { leastOutstanding, peakEwma, roundRobin, type SelectionPolicy } from 'evenkeel';
import { dcgm } from 'evenkeel/signals/dcgm';
import { vllm } from 'evenkeel/signals/vllm';
import {
  GPU_KINDS,
  generateTrace,
  type SimulatedWorld,
  type SimulationOptions,
  type SimulationReport,
  simulate,
} from 'evenkeel/simulation';
import { describe, expect, it } from 'vitest';

const trace = generateTrace({ requests: 400 });

function run(options: Partial<SimulationOptions>): Promise<SimulationReport> {
  return simulate({ trace, fleet: 'a100:3,t4x2', load: 0.7, policy: () => leastOutstanding(), ...options });
}

/** Worst first token of requests made in a stretch of time. */
function worst({ records }: SimulationReport, from: number, to: number): number {
  const within = records.filter(({ at }) => at >= from && at < to);
  return Math.max(...within.map(({ firstToken = Number.POSITIVE_INFINITY }) => firstToken));
}

describe('a simulation', () => {
  it('gives the same report to the last bit from the same seed, and another from another', async () => {
    const [first, again, other] = [
      await run({ seed: 7, clients: 3 }),
      await run({ seed: 7, clients: 3 }),
      await run({ seed: 8, clients: 3 }),
    ];
    expect(again).toEqual(first);
    expect(other.records).not.toEqual(first.records);
  });

  it('shows two T4 that get every fifth request each drown, where least outstanding keeps them afloat', async () => {
    const [turns, least] = [await run({ policy: () => roundRobin() }), await run({})];
    expect([turns.completed, least.completed]).toEqual([400, 400]);
    expect(turns.firstToken.p99).toBeGreaterThan(4 * least.firstToken.p99);
    expect(turns.endpoints.map(({ share }) => share.toFixed(2))).toEqual(['0.60', '0.20', '0.20']);
  });

  it('loads the fleet as asked: half the load, twice the time and little to wait for', async () => {
    const [half, full] = [await run({ load: 0.45 }), await run({ load: 0.9 })];
    expect(half.load).toBeCloseTo(0.45, 6);
    expect(full.load).toBeCloseTo(0.9, 6);
    expect(half.records.at(-1)?.at).toBeCloseTo(2 * (full.records.at(-1)?.at ?? 0), 3);
    expect(half.firstToken.p99).toBeLessThan(full.firstToken.p99);
  });

  it('can do about what it says the fleet can do: far above it, as many requests a second get done', async () => {
    const { capacity, duration, requests } = await run({ load: 5, fleet: 'a100x2' });
    // The batch that runs empty at the end takes time in which no new one comes.
    const done = (1000 * requests) / duration;
    expect(done / capacity).toBeGreaterThan(0.75);
    expect(done / capacity).toBeLessThan(1.05);
  });

  it('takes the trace as it is without a load', async () => {
    const { load: _, ...options } = { load: 1, fleet: 'h100x3', trace, policy: () => leastOutstanding() };
    const { records } = await simulate(options);
    expect(records.map(({ at }) => at)).toEqual(trace.requests.map(({ at }) => at));
  });

  it('lets each of several clients see nothing but its own requests', async () => {
    const worlds: { most: number }[] = [];
    const watching = (): SelectionPolicy => {
      const own = { most: 0 };
      worlds.push(own);
      const inner = leastOutstanding();
      return {
        name: 'watching',
        select(candidates, request, context) {
          own.most = Math.max(own.most, ...candidates.map(({ outstanding }) => outstanding));
          return inner.select(candidates, request, context);
        },
      };
    };
    const alone = await run({ policy: watching });
    const [{ most: together } = { most: 0 }] = worlds.splice(0);
    const { clients, records } = await run({ policy: watching, clients: 20 });
    expect([alone.clients, clients, worlds.length]).toEqual([1, 20, 20]);
    expect(new Set(records.map(({ client }) => client)).size).toBe(20);
    expect(Math.max(...worlds.map(({ most }) => most))).toBeLessThan(together / 2);
  });

  it('takes a GPU of the user, at twice the speed of which everything takes half the time', async () => {
    const own = { ...GPU_KINDS.a100, kvTokens: 100_000 };
    const short = generateTrace({ requests: 100 });
    const [once, twice] = [
      await run({ trace: short, fleet: [{ gpu: own }], network: 0 }),
      await run({ trace: short, fleet: [{ gpu: own, speed: 2 }], network: 0 }),
    ];
    expect(once.endpoints[0]?.id).toBe('gpu-1');
    expect(twice.capacity / once.capacity).toBeCloseTo(2, 3);
    expect(twice.endToEnd.p50 / once.endToEnd.p50).toBeCloseTo(0.5, 3);
  });

  it('gives weights as the fleet says, as they should be, or none', async () => {
    const seen: Record<string, string> = {};
    for (const weights of [undefined, 'capacity', 'equal'] as const) {
      const policy = (): SelectionPolicy => ({
        name: 'reads weights',
        select(candidates) {
          seen[String(weights)] = candidates.map(({ weight }) => weight.toFixed(1)).join(' ');
          return candidates[0];
        },
      });
      await run({ trace: generateTrace({ requests: 20 }), policy, ...(weights && { weights }) });
    }
    expect(seen).toMatchObject({ undefined: '3.0 1.0 1.0', equal: '1.0 1.0 1.0' });
    const [a100 = 0, t4 = 0, other] = (seen.capacity ?? '').split(' ').map(Number);
    expect(a100 / t4).toBeGreaterThan(5);
    expect(other).toBe(t4);
  });

  it('tells policies the true prompt length, the blocks of the trace, and their own events', async () => {
    const shared = generateTrace({ shape: 'shared-prefix', requests: 40 });
    const seen: unknown[] = [];
    const events = new Set<string>();
    const policy = (world: SimulatedWorld): SelectionPolicy => {
      world.observe(({ type }) => events.add(type));
      return {
        name: 'looks',
        select(candidates, request) {
          seen.push([request.promptTokens, request.promptBlocks?.()]);
          return candidates[0];
        },
      };
    };
    await run({ trace: shared, fleet: 'h100', policy });
    expect(seen).toEqual(shared.requests.map(({ prompt, blocks }) => [prompt, blocks]));
    expect([...events]).toEqual(
      expect.arrayContaining(['attempt-started', 'first-token', 'attempt-settled']),
    );
  });

  it('polls the metrics pages of its servers as a balancer does, as old as the interval makes them', async () => {
    const ages: number[] = [];
    const policy = (): SelectionPolicy => {
      const inner = leastOutstanding();
      return {
        name: 'reads loads',
        select(candidates, request, context) {
          for (const { load } of candidates)
            if (load?.running !== undefined) ages.push((context?.now() ?? 0) - load.observedAt);
          return inner.select(candidates, request, context);
        },
      };
    };
    const polled = { gpu: 'a100', endpoint: { metrics: { parser: vllm(), interval: 5_000 } } } as const;
    await run({ fleet: [polled, polled], policy });
    expect(ages.length).toBeGreaterThan(500);
    expect(Math.max(...ages)).toBeGreaterThan(4_000);
    expect(Math.max(...ages)).toBeLessThan(10_000);
  });

  it('serves pages on ports of their own too: what the GPU says, and how large the cache is', async () => {
    const seen = { utilizations: new Set<number | undefined>(), caches: new Set<number | undefined>() };
    const policy = (): SelectionPolicy => ({
      name: 'reads loads',
      select(candidates) {
        for (const { load } of candidates) {
          seen.utilizations.add(load?.gpuUtilization);
          seen.caches.add(load?.kvCacheTokens);
        }
        return candidates[0];
      },
    });
    const metrics = [{ parser: vllm() }, { parser: dcgm() }];
    await run({ fleet: [{ gpu: 'a100', endpoint: { metrics } }], load: 0.3, policy });
    expect([...seen.utilizations].sort()).toEqual([0, 1, undefined]);
    expect([...seen.caches].sort()).toEqual([440_000, undefined]);
  });

  it('lets a policy poll in virtual time', async () => {
    let polls = 0;
    const policy = (world: SimulatedWorld) => {
      world.every(1_000, () => polls++);
      return leastOutstanding();
    };
    const { duration } = await run({ policy });
    expect(polls).toBe(Math.floor(duration / 1_000));
  });

  it('counts what caches had, and more of it where a conversation stays with its replica', async () => {
    const shared = generateTrace({ shape: 'shared-prefix', requests: 300 });
    const sticky = (world: SimulatedWorld): SelectionPolicy => ({
      name: 'sticky',
      select(candidates, { headers }) {
        const first = world.requestOf(headers).blocks[0] ?? 0;
        return candidates[first % candidates.length];
      },
    });
    const options = { trace: shared, fleet: 'a100x4', load: 0.3 };
    const [spread, kept] = [await run(options), await run({ ...options, policy: sticky })];
    expect(kept.cacheHitRate).toBeGreaterThan(2 * spread.cacheHitRate);
    expect(kept.firstToken.mean).toBeLessThan(spread.firstToken.mean);
  });

  it('tells how far it is, up to the end', async () => {
    const told: number[] = [];
    await run({ onProgress: (done) => told.push(done) });
    expect(told).toHaveLength(100);
    expect(told.at(-1)).toBe(1);
    expect(told).toEqual([...told].sort((one, other) => one - other));
  });
});

describe('on the way', () => {
  it('a replica that is killed costs no request whose first token had not come, and breakers keep it out', async () => {
    const killed = await run({
      fleet: 'a100x3',
      load: 0.5,
      events: [{ at: 10_000, type: 'kill', id: 'a100-2' }],
    });
    const { records, failed, rejected, retries } = killed;
    expect(rejected).toBe(0);
    expect(retries).toBeGreaterThan(0);
    // Only streams that had begun there are cut.
    expect(failed).toBeGreaterThan(0);
    expect(failed).toBe(
      records.filter(({ endpoint, endToEnd }) => endpoint === 'a100-2' && endToEnd === undefined).length,
    );
    expect(records.filter(({ at, endpoint }) => at > 12_000 && endpoint === 'a100-2')).toEqual([]);
    expect(killed.endpoints.find(({ id }) => id === 'a100-2')?.utilization).toBeGreaterThan(0.3);
  });

  it('a replica that returns serves again once its model is loaded, and not before', async () => {
    const { records } = await run({
      fleet: [
        { gpu: 'a100', loadTime: 20_000 },
        { gpu: 'a100', loadTime: 20_000 },
      ],
      load: 0.4,
      events: [
        { at: 10_000, type: 'kill', id: 'a100-2' },
        { at: 15_000, type: 'return', id: 'a100-2' },
      ],
    });
    const there = records
      .filter(({ at, endpoint }) => at > 10_000 && endpoint === 'a100-2')
      .map(({ at }) => at);
    expect(Math.min(...there)).toBeGreaterThan(35_000 - 1_000);
    expect(there.length).toBeGreaterThan(50);
  });

  it('a throttled card makes its requests slow as long as it lasts', async () => {
    const events = [
      { at: 20_000, type: 'throttle', id: 'a100-1', slowdown: 10 },
      { at: 40_000, type: 'throttle', id: 'a100-1', slowdown: 1 },
    ] as const;
    const report = await run({ fleet: 'a100', load: 0.3, events });
    expect(worst(report, 20_000, 40_000)).toBeGreaterThan(3 * worst(report, 0, 18_000));
    expect(worst(report, 80_000, Number.POSITIVE_INFINITY)).toBeLessThan(worst(report, 20_000, 40_000) / 2);
  });

  it('a replica that joins gets its share when its model is loaded', async () => {
    const { records, endpoints } = await run({
      fleet: 'a100',
      load: 0.9,
      events: [{ at: 10_000, type: 'join', replica: { gpu: 'a100', id: 'new', loadTime: 30_000 } }],
    });
    const there = records.filter(({ endpoint }) => endpoint === 'new').map(({ at }) => at);
    expect(Math.min(...there)).toBeGreaterThanOrEqual(40_000 - 30_000);
    expect(there.filter((at) => at < 39_000)).toEqual([]);
    expect(endpoints.map(({ id }) => id)).toEqual(['a100-1', 'new']);
    expect(there.length).toBeGreaterThan(60);
  });

  it('a replica with a health path is announced at once, and waits for its health', async () => {
    const { records } = await run({
      fleet: 'a100',
      load: 0.9,
      events: [
        {
          at: 10_000,
          type: 'join',
          replica: { gpu: 'a100', id: 'new', loadTime: 30_000, endpoint: { healthPath: '/health' } },
        },
      ],
    });
    const there = records.filter(({ endpoint }) => endpoint === 'new').map(({ at }) => at);
    expect(Math.min(...there)).toBeGreaterThan(39_000);
    expect(there.length).toBeGreaterThan(60);
  });

  it('a replica that leaves finishes its streams and gets nothing more', async () => {
    const { records, completed } = await run({
      fleet: 'a100x2',
      load: 0.5,
      events: [{ at: 20_000, type: 'leave', id: 'a100-1' }],
    });
    expect(completed).toBe(400);
    expect(records.filter(({ at, endpoint }) => at > 20_000 && endpoint === 'a100-1')).toEqual([]);
  });

  it('answers that do not fit are refused by the server, and counted', async () => {
    const { rejected, completed, failed } = await run({
      fleet: [{ gpu: 'a100', kvTokens: 2_000 }],
      load: 0.3,
    });
    const tooLong = trace.requests.filter(({ prompt, output }) => prompt + output > 2_000).length;
    expect([rejected, completed, failed]).toEqual([tooLong, 400 - tooLong, 0]);
  });

  it('a server whose queue is full answers 503, which the balancer takes elsewhere', async () => {
    const { retries, completed, rejected } = await run({
      fleet: [
        { gpu: 'a100', slots: 2, maxWaiting: 0 },
        { gpu: 'a100', weight: 0.01 },
      ],
      load: 0.4,
    });
    expect(retries).toBeGreaterThan(10);
    expect(rejected).toBeLessThan(10);
    expect(completed + rejected).toBe(400);
  });

  it('the real admission queue holds requests back where endpoints have a limit', async () => {
    const limited = await run({
      fleet: [{ gpu: 'a100', endpoint: { maxOutstanding: 4 } }],
      load: 2,
      balancer: { admission: { maxQueued: 10, maxWait: 5_000 } },
    });
    expect(limited.rejected).toBeGreaterThan(100);
    expect(limited.completed + limited.rejected).toBe(400);
    expect(limited.records.find(({ status }) => status === 503)?.endpoint).toBeUndefined();
  });

  it('clocks of the balancer see a stream live through the longest answer, and end what takes too long', async () => {
    const slow = generateTrace({
      requests: 20,
      shape: {
        rate: 1,
        burstiness: 1,
        prompt: [
          [0, 100],
          [1, 100],
        ],
        output: [
          [0, 2_000],
          [1, 2_000],
        ],
        reuse: 0,
        commonBlocks: 0,
      },
    });
    const options = { trace: slow, fleet: [{ gpu: 't4', speed: 0.5 }] as const, load: 0.1 };
    const patient = await run({ ...options, balancer: { timeouts: { idle: 15_000 } } });
    expect(patient.endToEnd.p50).toBeGreaterThan(60_000);
    expect(patient.completed).toBe(20);
    const hasty = await run({ ...options, balancer: { timeouts: { total: 30_000 } } });
    expect([hasty.completed, hasty.failed]).toEqual([0, 20]);
  });
});

describe('options', () => {
  it.each([
    [{ fleet: 'b200' }, 'fleet'],
    [{ fleet: [] }, 'fleet'],
    [{ fleet: [{ gpu: 'b200' }] }, 'fleet[0].gpu'],
    [{ fleet: [{ gpu: { ...GPU_KINDS.a100, flops: 0 } }] }, 'fleet[0].gpu.flops'],
    [{ fleet: [{ gpu: { bandwidth: 1e12 } }] }, 'fleet[0].gpu.flops'],
    [{ fleet: [{ gpu: { ...GPU_KINDS.a100, cores: 9 } }] }, 'fleet[0].gpu.cores'],
    [{ fleet: [{ gpu: 'a100', speed: 0 }] }, 'fleet[0].speed'],
    [{ fleet: [{ gpu: 'a100', size: 1 }] }, 'fleet[0].size'],
    [
      {
        fleet: [
          { gpu: 'a100', id: 'x' },
          { gpu: 'a100', id: 'x' },
        ],
      },
      'fleet[1].id',
    ],
    [{ policy: leastOutstanding() }, 'policy'],
    [{ load: 0 }, 'load'],
    [{ clients: 0 }, 'clients'],
    [{ seed: 0.5 }, 'seed'],
    [{ network: -1 }, 'network'],
    [{ weights: 'true' }, 'weights'],
    [{ objective: { firstToken: 0 } }, 'objective.firstToken'],
    [{ trace: { requests: [], blockTokens: 512 } }, 'trace'],
    [{ events: [{ at: 1, type: 'explode', id: 'a100-1' }] }, 'events[0].type'],
    [{ events: [{ at: -1, type: 'kill', id: 'a100-1' }] }, 'events[0].at'],
    [{ events: [{ at: 1, type: 'kill', id: 'nobody' }] }, 'events[0].id'],
    [{ events: [{ at: 1, type: 'throttle', id: 'a100-1', slowdown: 0 }] }, 'events[0].slowdown'],
    [{ events: [{ at: 1, type: 'join', replica: { gpu: 'a100', id: 't4-1' } }] }, 'events[0].replica.id'],
    [{ speed: 3 }, 'options.speed'],
  ])('%j are refused', async (wrong, option) => {
    await expect(run(wrong as object)).rejects.toMatchObject({ name: 'InvalidOptionError', option });
  });

  it('of the balancer that throw end the simulation with what they threw', async () => {
    const affinityKey = () => {
      throw new Error('no key');
    };
    await expect(run({ balancer: { affinityKey } })).rejects.toThrow('no key');
  });

  it('of events may name a replica that an earlier event brings', async () => {
    const { endpoints } = await run({
      trace: generateTrace({ requests: 50 }),
      fleet: 'a100',
      events: [
        { at: 0, type: 'join', replica: { gpu: 'h100', id: 'new', loadTime: 0 } },
        { at: 8_000, type: 'leave', id: 'new' },
      ],
    });
    expect(endpoints[1]?.requests).toBeGreaterThan(0);
  });
});

it('peak EWMA, which measures, needs no weights where least outstanding is led astray by wrong ones', async () => {
  const fleet = 'a100:1,t4:3';
  const [least, peak] = [
    await run({ fleet }),
    await run({ fleet, weights: 'equal', policy: () => peakEwma() }),
  ];
  expect(peak.firstToken.p99).toBeLessThan(least.firstToken.p99);
});
