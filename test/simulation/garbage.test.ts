import { leastOutstanding } from 'evenkeel';
import { generateTrace, simulate } from 'evenkeel/simulation';
import { expect, it } from 'vitest';
import { memoryInUse, youngCollected } from '../support/heap.js';

it('what a request had is gone with the next small collection, and waits for no full one', async () => {
  const grown: number[] = [];
  let begun = 0;
  await simulate({
    trace: generateTrace({ requests: 1_500 }),
    fleet: 'a100x2',
    load: 0.5,
    policy: () => leastOutstanding(),
    eventTokens: 1_000,
    onProgress: (done) => {
      // What is made once, compiled code for one, is there after the first half.
      if (Math.abs(done - 0.5) < 1e-9) begun = memoryInUse().heap;
      if (done === 1) grown.push(youngCollected() - begun, memoryInUse().heap - begun);
    },
  });
  const [small = Number.NaN, full = Number.NaN] = grown;
  // One closure in old space made it 3 kB for each of the 750 requests, and doubled the time that a simulation takes.
  expect(small - full).toBeLessThan(750 * 2_000);
});
