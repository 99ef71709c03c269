import { describe, expect, it } from 'vitest';
import type { LoadReport } from '../../../src/core/load-report.js';
import { othersLoad, totalLoads } from '../../../src/core/others-load.js';
import { fakeEndpoint } from '../../../src/testing/fake-endpoint.js';

const report = (fields: Partial<LoadReport>): LoadReport => ({
  observedAt: 1_000,
  ownOutstanding: 0,
  ...fields,
});
/** An endpoint with requests of our own and of others, as read at 1 000. */
const endpoint = (own: number, others: number | undefined, weight = 1) =>
  fakeEndpoint('e', {
    outstanding: own,
    weight,
    load: others === undefined ? undefined : report({ running: others, waiting: 0 }),
  });

describe('othersLoad', () => {
  it('is what runs and waits, less our own of then, and never below nothing', () => {
    expect(othersLoad(report({ running: 10, waiting: 3, ownOutstanding: 4 }))).toBe(9);
    expect(othersLoad(report({ running: 1, waiting: 0, ownOutstanding: 4 }))).toBe(0);
  });

  it.each([undefined, report({}), report({ running: 1 }), report({ waiting: 1 })])(
    'is not known from %j',
    (load) => {
      expect(othersLoad(load)).toBeUndefined();
    },
  );
});

describe('totalLoads', () => {
  const loads = (now: number | undefined, ...endpoints: ReturnType<typeof endpoint>[]) =>
    totalLoads(endpoints, now).map((load) => Number(load.toFixed(1)));

  it('adds the others’ requests to our own, as they were read', () => {
    expect(loads(1_000, endpoint(2, 6), endpoint(1, 0))).toEqual([8, 1]);
  });

  it('evens the others out with the age of the reading, down to the mean', () => {
    expect(loads(1_050, endpoint(2, 6), endpoint(1, 0))).toEqual([6.1, 2.9]);
    expect(loads(100_000, endpoint(2, 6), endpoint(1, 0))).toEqual([5, 4]);
  });

  it('evens them out by weight', () => {
    expect(loads(100_000, endpoint(0, 8, 3), endpoint(0, 0))).toEqual([6, 2]);
    expect(loads(1_000, endpoint(1, 6, 3), endpoint(1, 2))).toEqual([7, 3]);
    expect(loads(100_000, endpoint(1, 6, 3), endpoint(1, 2))).toEqual([7, 3]);
  });

  it('takes a reading from the future for one of now', () => {
    expect(loads(0, endpoint(2, 6), endpoint(1, 0))).toEqual([8, 1]);
  });

  it('is our own requests alone where a reading, the time, others or weights are missing', () => {
    expect(loads(1_000, endpoint(2, 6), endpoint(1, undefined))).toEqual([2, 1]);
    expect(loads(undefined, endpoint(2, 6), endpoint(1, 0))).toEqual([2, 1]);
    expect(loads(1_000, endpoint(2, 0), endpoint(1, 0))).toEqual([2, 1]);
    expect(loads(1_000, endpoint(2, 6, 0), endpoint(1, 0, 0))).toEqual([2, 1]);
  });
});
