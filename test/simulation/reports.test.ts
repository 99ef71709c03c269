import { leastOutstanding, roundRobin } from 'evenkeel';
import {
  type ComparisonRow,
  compare,
  generateTrace,
  htmlReport,
  jsonReport,
  textReport,
} from 'evenkeel/simulation';
import { describe, expect, it } from 'vitest';
import { duration, figure, percent } from '../../src/simulation/report/figures.js';
import { lineChart } from '../../src/simulation/report/line-chart.js';
import { median } from '../../src/simulation/report/median.js';
import { spread } from '../../src/simulation/report/spread.js';

const trace = generateTrace({ requests: 150 });
const told: number[] = [];
const rows: Promise<readonly ComparisonRow[]> = compare({
  trace,
  fleet: 'a100:3,t4',
  load: 0.6,
  seeds: 3,
  policies: {
    '<turns> & "more"': () => roundRobin(),
    least: () => leastOutstanding(),
    'least, true weights': { policy: () => leastOutstanding(), weights: 'capacity' },
  },
  onProgress: (done) => told.push(done),
});

describe('a comparison', () => {
  it('runs every policy with the same seeds over the same requests, in order, and tells how far it is', async () => {
    const all = (await rows).map(({ policy, reports }) => [policy, reports.map(({ seed }) => seed)]);
    expect(all).toEqual([
      ['<turns> & "more"', [1, 2, 3]],
      ['least', [1, 2, 3]],
      ['least, true weights', [1, 2, 3]],
    ]);
    const times = (await rows).map(({ reports }) => reports[0]?.records.map(({ at }) => at));
    expect(times[1]).toEqual(times[0]);
    expect(told.at(-1)).toBe(1);
    expect(told).toEqual([...told].sort((one, other) => one - other));
  });

  it('gives one policy other weights than the rest', async () => {
    const [, least, right] = await rows;
    expect(right?.reports[0]?.endpoints[0]?.share).toBeGreaterThan(
      least?.reports[0]?.endpoints[0]?.share ?? 1,
    );
  });

  it.each([
    [{ policies: {} }, 'policies'],
    [{ seeds: 0 }, 'seeds'],
  ])('with %j is refused', async (wrong, option) => {
    const options = { trace, fleet: 'a100', policies: { least: () => leastOutstanding() }, ...wrong };
    await expect(compare(options)).rejects.toMatchObject({ option });
  });
});

describe('the text report', () => {
  it('has a row for each policy in both tables, whose columns line up', async () => {
    const text = textReport(await rows);
    const tables = text.split('\n\n').filter((part) => part.startsWith('|'));
    expect(tables).toHaveLength(2);
    for (const table of tables) {
      const lines = table.trimEnd().split('\n');
      expect(lines).toHaveLength(2 + 3);
      expect(new Set(lines.map((line) => line.length)).size).toBe(1);
    }
    expect(text).toContain('150 requests at 60 % of what the fleet can do');
    expect(text).toContain('| requests / busy');
  });
});

describe('the JSON report', () => {
  it('has every figure of every run, and not the single requests', async () => {
    const [first] = JSON.parse(jsonReport(await rows));
    expect(first.reports).toHaveLength(3);
    expect(first.reports[0]).toMatchObject({ policy: '<turns> & "more"', seed: 1, requests: 150, failed: 0 });
    expect(first.reports[0].firstToken.p99).toBeGreaterThan(0);
    expect(first.reports[0].records).toBeUndefined();
    expect(first.reports[0].endpoints[1]).toMatchObject({ id: 't4-1' });
  });
});

describe('the HTML report', () => {
  it('is one page that loads nothing and runs nothing, with names as they are', async () => {
    const html = htmlReport(await rows);
    expect(html.match(/<svg /g)).toHaveLength(2);
    expect(html).not.toMatch(/<script|<link|<img|src=|href=|url\(/);
    expect(html).not.toContain('<turns>');
    expect(html).toContain('&#60;turns&#62; &#38; &#34;more&#34;');
    expect(html).not.toMatch(/NaN|Infinity|undefined/);
  });
});

describe('a chart', () => {
  const axis = { label: '', format: String };

  it('leaves out what an axis cannot show', () => {
    const svg = lineChart(
      [
        {
          name: 'a',
          points: [
            [0, 1],
            [1, 2],
            [10, Number.NaN],
            [100, 3],
          ],
        },
      ],
      {
        title: 't',
        x: { ...axis, logarithmic: true },
        y: axis,
      },
    );
    expect(svg.match(/points="([^"]*)"/)?.[1]?.split(' ')).toHaveLength(2);
  });

  it.each([[[]], [[[5, 5]]]] as const)('is drawn with the points %j too', (points) => {
    const svg = lineChart([{ name: 'a', points }], { title: 't', x: axis, y: axis });
    expect(svg).not.toMatch(/NaN|Infinity/);
  });
});

describe('figures', () => {
  it('are short and have their unit', () => {
    expect([0, 0.1234, 5.678, 56.78, 567.8, 999, 1000, 61_234, 1_234_567].map(duration)).toEqual([
      '0.00 ms',
      '0.12 ms',
      '5.68 ms',
      '56.8 ms',
      '568 ms',
      '999 ms',
      '1.00 s',
      '61.2 s',
      '1235 s',
    ]);
    expect([0, 0.0123, 0.5, 1].map(percent)).toEqual(['0 %', '1.2 %', '50 %', '100 %']);
    expect(
      [Number.NaN, Number.POSITIVE_INFINITY].flatMap((value) => [
        duration(value),
        percent(value),
        figure(value),
      ]),
    ).toEqual(Array.from({ length: 6 }, () => '–'));
  });
});

describe('a spread', () => {
  it('has nearest-rank percentiles, of one value that value, of none NaN', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(spread(hundred)).toEqual({ mean: 50.5, p50: 50, p90: 90, p95: 95, p99: 99, max: 100 });
    expect(spread([7])).toEqual({ mean: 7, p50: 7, p90: 7, p95: 7, p99: 7, max: 7 });
    expect(Object.values(spread([])).every(Number.isNaN)).toBe(true);
  });

  it('median is the one in the middle, or between the two', () => {
    expect([median([3, 1, 2]), median([4, 1, 2, 3]), median([])]).toEqual([2, 2.5, Number.NaN]);
  });
});
