import { expect, it } from 'vitest';
import { Room } from '../../../../src/policies/adaptive/room.js';

it('Room has no limit before something was late', () => {
  const room = new Room();
  room.inTime(50);
  expect([room.excess(1e9), room.error]).toEqual([0, 0]);
});

it('takes the highest level that was in time for the limit, as soon as one is late that is more than half of it', () => {
  const room = new Room();
  for (const level of [3, 10, 4]) room.inTime(level);
  expect(room.late(5)).toBe(false);
  expect(room.excess(1e9)).toBe(0);
  expect(room.late(6)).toBe(false);
  // 10, and a tenth of the way from there to 6.
  expect(room.excess(20)).toBeCloseTo(20 - 9.6, 9);
  expect(room.excess(9)).toBe(0);
});

it('moves down by a tenth of the difference for what is late below it, and not for what is late above', () => {
  const room = new Room();
  room.inTime(10);
  room.late(10);
  expect(room.excess(20)).toBeCloseTo(10, 9);
  expect(room.late(9)).toBe(true);
  expect(room.excess(20)).toBeCloseTo(10.1, 9);
  expect(room.late(15)).toBe(true);
  expect(room.excess(20)).toBeCloseTo(10.1, 9);
  expect(room.late(2)).toBe(false);
  expect(room.excess(20)).toBeCloseTo(10.89, 9);
});

it('moves up by three tenths of the difference for what is in time above it, and a little for all else', () => {
  const room = new Room();
  room.inTime(10);
  room.late(10);
  room.inTime(20);
  expect(room.excess(30)).toBeCloseTo(17, 9);
  room.inTime(5);
  expect(room.excess(30)).toBeCloseTo(30 - 13 * 1.0005, 9);
});

it('doubts a new limit until it has explained enough', () => {
  const room = new Room();
  room.inTime(10);
  room.late(10);
  expect(room.error).toBeCloseTo(0.3, 9);
  expect(room.believed).toBe(false);
  room.late(12);
  expect(room.error).toBeCloseTo(0.3 * 0.95, 9);
  for (let turn = 0; turn < 22; turn++) room.late(12);
  expect(room.believed).toBe(true);
});

it('tells how often it was wrong lately', () => {
  const room = new Room();
  room.inTime(10);
  room.late(10);
  room.inTime(30);
  expect(room.error).toBeCloseTo(0.3 * 0.95 + 0.05, 9);
  const before = room.error;
  room.inTime(3);
  expect(room.error).toBeCloseTo(before * 0.95, 9);
});

it('takes what comes at the limit itself, early or late, for no contradiction', () => {
  const room = new Room();
  room.inTime(10);
  room.late(10);
  room.late(10);
  expect(room.error).toBeCloseTo(0.3 * 0.95, 9);
  room.inTime(10);
  expect(room.error).toBeCloseTo(0.3 * 0.95 ** 2, 9);
});

it('keeps a limit that has grown above all that was in time, when it explains what is late', () => {
  const room = new Room();
  room.inTime(10);
  room.late(10);
  room.inTime(5);
  room.late(12);
  expect(room.excess(20)).toBeCloseTo(20 - 10.005, 9);
});

it('counts what contradicts a limit that it knows for one mistake, and no new doubt', () => {
  const room = new Room();
  room.inTime(10);
  for (let turn = 0; turn < 40; turn++) room.late(10);
  const before = room.error;
  room.late(9);
  expect(room.error).toBeCloseTo(0.95 * before + 0.05, 9);
});

it('believes a limit with more than a tenth of mistakes, if without it there would be far more', () => {
  const room = new Room();
  room.inTime(10);
  for (let turn = 0; turn < 12; turn++) room.late(10);
  expect(room.error).toBeGreaterThan(0.15);
  expect(room.believed).toBe(true);
});

it('disbelieves a limit once first tokens come in time above it', () => {
  const room = new Room();
  room.inTime(10);
  for (let turn = 0; turn < 30; turn++) room.late(10);
  expect(room.believed).toBe(true);
  for (let turn = 0; turn < 30; turn++) room.inTime(1e9);
  expect(room.believed).toBe(false);
});
