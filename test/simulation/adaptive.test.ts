import { adaptive, leastOutstanding } from 'evenkeel';
import { generateTrace, simulate } from 'evenkeel/simulation';
import { expect, it } from 'vitest';
import { firstTokenOracle } from '../quality/oracles/first-token-oracle.js';

/** Several tokens an event: nobody here looks at single ones. */
const trace = generateTrace({ requests: 1_200, seed: 3 });

it('learns an unequal fleet without weights: first tokens well before least outstanding with true ones, near the oracle', async () => {
  const options = { trace, eventTokens: 8, fleet: 'a100:3,t4,t4', load: 0.7 };
  const given = await simulate({ ...options, policy: () => leastOutstanding() });
  const right = await simulate({ ...options, weights: 'capacity', policy: () => leastOutstanding() });
  const oracle = await simulate({ ...options, policy: (world) => firstTokenOracle(world) });
  const learnt = await simulate({ ...options, weights: 'equal', policy: () => adaptive() });
  expect(learnt.completed).toBe(trace.requests.length);
  expect(learnt.firstToken.p99).toBeLessThan(0.4 * given.firstToken.p99);
  expect(learnt.firstToken.p99).toBeLessThan(0.8 * right.firstToken.p99);
  expect(learnt.firstToken.p99).toBeLessThan(1.3 * oracle.firstToken.p99);
});

it('does better than least outstanding on equal servers too, since prompts are not equal', async () => {
  const options = { trace, eventTokens: 8, fleet: 'a100x4', load: 0.7 };
  const least = await simulate({ ...options, policy: () => leastOutstanding() });
  const learnt = await simulate({ ...options, policy: () => adaptive() });
  expect(learnt.firstToken.p99).toBeLessThan(0.8 * least.firstToken.p99);
});

it('is back near the best that can be done a minute after a fast card has slowed down to a third', async () => {
  const at = 60_000;
  const options = { trace, eventTokens: 8, fleet: 'a100,t4,t4', load: 0.3 } as const;
  const events = [{ at, type: 'throttle', id: 'a100-1', slowdown: 3 }] as const;
  const oracle = await simulate({ ...options, events, policy: (world) => firstTokenOracle(world) });
  const learnt = await simulate({ ...options, events, weights: 'equal', policy: () => adaptive() });
  const p99From = ({ records }: typeof learnt) => {
    const later = records
      .filter((record) => record.at > at + 60_000)
      .map(({ firstToken = Infinity }) => firstToken);
    expect(later.length).toBeGreaterThan(400);
    return later.sort((one, other) => one - other)[Math.floor(0.99 * later.length)] ?? Number.NaN;
  };
  expect(p99From(learnt)).toBeLessThan(1.5 * p99From(oracle));
});

it('keeps twenty clients that know nothing of one another off slow cards as weights would', async () => {
  const options = { trace, eventTokens: 8, fleet: 'a100:6,t4,t4', load: 0.6, clients: 20 };
  const equal = await simulate({ ...options, weights: 'equal', policy: () => leastOutstanding() });
  const learnt = await simulate({ ...options, weights: 'equal', policy: () => adaptive() });
  expect(learnt.firstToken.p99).toBeLessThan(0.5 * equal.firstToken.p99);
  expect(learnt.firstToken.mean).toBeLessThan(0.5 * equal.firstToken.mean);
});

it('brings a card that joins to its share, and loses nothing when one dies', async () => {
  const run = await simulate({
    trace,
    eventTokens: 8,
    fleet: 'a100,t4',
    load: 0.8,
    policy: () => adaptive(),
    events: [
      { at: 30_000, type: 'join', replica: { gpu: 'a100', id: 'late', loadTime: 10_000 } },
      { at: 150_000, type: 'kill', id: 't4-1' },
    ],
  });
  const share = (id: string) => {
    const there = run.records.filter(({ at }) => at > 60_000 && at < 150_000);
    return there.filter(({ endpoint }) => endpoint === id).length / there.length;
  };
  expect(share('late')).toBeGreaterThan(0.35);
  expect(share('late')).toBeLessThan(0.65);
  expect(run.completed + run.failed).toBe(trace.requests.length);
  expect(run.failed).toBeLessThan(10);
});
