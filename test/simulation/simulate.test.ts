import { leastOutstanding, roundRobin } from 'evenkeel';
import { generateTrace, simulate } from 'evenkeel/simulation';
import { expect, it } from 'vitest';

const trace = generateTrace({ requests: 600 });

it('gives the same report to the last bit from the same seed, and another from another', async () => {
  const run = (seed: number) =>
    simulate({ trace, fleet: 'a100:3,t4x2', load: 0.7, clients: 3, seed, policy: () => leastOutstanding() });
  const [first, again, other] = [await run(7), await run(7), await run(8)];
  expect(again).toEqual(first);
  expect(other.records).not.toEqual(first.records);
});

it('shows a T4 that gets every fifth request drown where least outstanding keeps afloat', async () => {
  const run = (policy: typeof roundRobin) =>
    simulate({ trace, fleet: 'a100:3,t4x2', load: 0.7, policy: () => policy() });
  const [turns, least] = [await run(roundRobin), await run(leastOutstanding)];
  expect(turns.completed).toBe(600);
  expect(least.completed).toBe(600);
  expect(turns.firstToken.p99).toBeGreaterThan(4 * least.firstToken.p99);
});
