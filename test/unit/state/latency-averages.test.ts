import { expect, it } from 'vitest';
import { LatencyAverages } from '../../../src/state/latency-averages.js';

it('LatencyAverages keeps three averages apart, each unknown until it is told', () => {
  const averages = new LatencyAverages();
  const known = () => [averages.firstToken, averages.response, averages.tokenInterval];
  expect(known()).toEqual([undefined, undefined, undefined]);
  averages.note('response', 900, 0);
  expect(known()).toEqual([undefined, 900, undefined]);
  averages.note('firstToken', 200, 0);
  averages.note('tokenInterval', 12, 0);
  expect(known()).toEqual([200, 900, 12]);
  averages.note('tokenInterval', 24, 10_000);
  expect(averages.tokenInterval).toBeCloseTo(24 - 12 / Math.E, 9);
});
