import type { SelectionPolicy } from '../../../src/core/policy.js';
import { type FakeEndpoint, fakeEndpoint } from '../../../src/testing/fake-endpoint.js';
import { fakeRequest } from '../../../src/testing/fake-request.js';
import { seededRandom } from '../../../src/testing/seeded-random.js';

/**
 * Sends 20 000 requests to ten equal endpoints; those running end in random order, so that there are never more
 * than 100, or than a number that swings between 20 and 200.
 *
 * @returns requests served, one figure for each endpoint
 */
export function servedUnderLoad(policy: SelectionPolicy, varying: boolean, seed: number): readonly number[] {
  const random = seededRandom(seed);
  const context = { random: seededRandom(seed + 1), now: () => 0, report: () => {} };
  const endpoints = Array.from({ length: 10 }, (_, index) => fakeEndpoint(`e${index}`));
  const served = endpoints.map(() => 0);
  const running: (typeof endpoints)[number][] = [];
  for (let turn = 0; turn < 20_000; turn++) {
    const limit = varying ? 20 + Math.floor(180 * Math.abs(Math.sin(turn / 500))) : 100;
    while (running.length >= limit) {
      const [ended] = running.splice(Math.floor(random() * running.length), 1);
      if (ended) ended.outstanding--;
    }
    const selected = policy.select(endpoints, fakeRequest(), context);
    const index = endpoints.indexOf(selected as FakeEndpoint);
    const chosen = endpoints[index];
    if (chosen === undefined) throw new Error(`Nothing was chosen in turn ${turn}, seed ${seed}`);
    chosen.outstanding++;
    served[index] = (served[index] ?? 0) + 1;
    running.push(chosen);
  }
  return served;
}
