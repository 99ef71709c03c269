import { expect, it } from 'vitest';
import { ScorerTerm } from '../../../src/core/scorer-term.js';
import { fakeEndpoint } from '../../../src/testing/fake-endpoint.js';
import { fakeRequest } from '../../../src/testing/fake-request.js';

it.each([
  [9.9, true],
  [10, false],
])('A scorer that took %f ms in three picks in a row is asked at the next: %s', (took, asked) => {
  let now = 0;
  let calls = 0;
  const term = new ScorerTerm('mine', 1, () => {
    calls++;
    now += took;
    return 1;
  });
  const context = { now: () => now, random: () => 0, report: () => {} };
  for (let pick = 0; pick < 4; pick++) term.rateForPick([fakeEndpoint('a')], fakeRequest(), context);
  expect(calls).toBe(asked ? 4 : 3);
});
