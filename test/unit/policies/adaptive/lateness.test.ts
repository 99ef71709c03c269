import { expect, it } from 'vitest';
import { Lateness } from '../../../../src/policies/adaptive/lateness.js';

it('Lateness is a moving average of which a tenth is new', () => {
  const lateness = new Lateness();
  expect(lateness.at(0)).toBe(0);
  lateness.add(1_000, 0);
  expect(lateness.at(0)).toBe(100);
  lateness.add(200, 0);
  expect(lateness.at(0)).toBeCloseTo(110, 9);
});

it('fades to 1/e in a minute of silence, and not backwards', () => {
  const lateness = new Lateness();
  lateness.add(1_000, 5_000);
  expect(lateness.at(65_000)).toBeCloseTo(100 / Math.E, 9);
  expect(lateness.at(0)).toBe(100);
  lateness.add(0, 65_000);
  expect(lateness.at(65_000)).toBeCloseTo(90 / Math.E, 9);
});
