import { expect, it } from 'vitest';
import { dayOf, runDay } from '../../examples/labs/day.js';
import { readTrace } from '../../src/simulation/trace/read-trace.js';

/** Ten requests in nine seconds, in Azure's format. */
const RECORDED = [
  'TIMESTAMP,ContextTokens,GeneratedTokens',
  ...Array.from({ length: 10 }, (_, second) => `2023-11-16 18:17:0${second}.9799600,${100 + second},10`),
].join('\r\n');

it('a day is an Azure trace again and again, in its order, as often as the hour has it', () => {
  const { requests } = dayOf(readTrace(RECORDED));
  expect(requests.slice(0, 12).map(({ prompt }) => prompt - 100)).toEqual([
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1,
  ]);
  const perSecond = (hour: number) =>
    requests.filter(({ at }) => at >= hour * 3_600_000 && at < (hour + 1) * 3_600_000).length / 3_600;
  expect([0, 5, 9, 13, 14, 23].map((hour) => Number(perSecond(hour).toFixed(1)))).toEqual([
    1.5, 1.5, 3.7, 5.3, 5.3, 1.7,
  ]);
  expect(requests.every(({ at }, index) => index === 0 || at > (requests[index - 1]?.at ?? 0))).toBe(true);
});

it('ten minutes of it are served, by a fleet that follows', async () => {
  const { requests, autoscaling } = await runDay(dayOf(readTrace(RECORDED), 1 / 6));
  expect(requests).toBeGreaterThan(800);
  expect(autoscaling?.unserved).toBe(0);
});
