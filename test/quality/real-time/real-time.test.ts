import { adaptive, roundRobin } from 'evenkeel';
import { expect, it } from 'vitest';
import { realTime } from './run.js';

const TRAFFIC = { requests: 100, rate: 6, seed: 2, timeScale: 0.1 };

// By sign alone: how far ahead it is, two to five times in the mean, hangs on what else the machine does meanwhile. That, and
// how it stands beside nginx, takes more requests and seeds than a test has time for: `npm run bench:real-time`.
it('over real HTTP, adaptive without weights is ahead of round robin with weights 3, 1, 1, on a fast server and two slow ones', async () => {
  const [others, ours] = await Promise.all([
    realTime({ policy: roundRobin, weights: 'given' }, TRAFFIC),
    realTime({ policy: adaptive, weights: 'equal' }, TRAFFIC),
  ]);
  expect(others.mean / ours.mean).toBeGreaterThan(1);
});
