import { adaptive, roundRobin } from 'evenkeel';
import { describe, expect, it } from 'vitest';
import { hasNginx } from './nginx.js';
import { realTime, type Way } from './run.js';

const TRAFFIC = { requests: 100, rate: 6, seed: 2, timeScale: 0.1 };
const LEARNT: Way = { policy: adaptive, weights: 'equal' };

/** How many times ours the first tokens of another way take; the traffic and the servers are the same. */
async function times(way: Way) {
  const [other, ours] = [await realTime(way, TRAFFIC), await realTime(LEARNT, TRAFFIC)];
  return { mean: other.mean / ours.mean, p99: other.p99 / ours.p99 };
}

describe('over real HTTP, adaptive without weights', () => {
  it('is far ahead of round robin with weights 3, 1, 1, on a fast server and two slow ones', async () => {
    expect((await times({ policy: roundRobin, weights: 'given' })).mean).toBeGreaterThan(1.5);
  });

  it.skipIf(!hasNginx())('is ahead of nginx with least_conn and weights 3, 1, 1', async () => {
    expect((await times('nginx')).p99).toBeGreaterThan(1);
  });
});
