/** The orderings of the simulation, over real HTTP, in real time, on servers that only pretend to compute. */
import { parseArgs } from 'node:util';
import { adaptive, leastOutstanding, roundRobin } from 'evenkeel';
import { duration } from '../../../src/simulation/report/figures.js';
import { markdownTable } from '../../../src/simulation/report/markdown-table.js';
import { hasNginx } from './nginx.js';
import { type FirstTokens, realTime, type Way } from './run.js';

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '400' },
    seeds: { type: 'string', default: '3' },
    rate: { type: 'string', default: '5' },
    scale: { type: 'string', default: '0.1' },
  },
});

const WAYS: Readonly<Record<string, Way>> = {
  'round robin 3:1:1': { policy: roundRobin, weights: 'given' },
  ...(hasNginx() && { 'nginx least_conn 3:1:1': 'nginx' as const }),
  'least outstanding 3:1:1': { policy: leastOutstanding, weights: 'given' },
  'least outstanding, true weights': { policy: leastOutstanding, weights: 'true' },
  'adaptive, no weights': { policy: adaptive, weights: 'equal' },
};

const rows: string[][] = [];
for (const [name, way] of Object.entries(WAYS)) {
  const runs: FirstTokens[] = [];
  for (let seed = 1; seed <= Number(values.seeds); seed++) {
    runs.push(
      await realTime(way, {
        requests: Number(values.requests),
        rate: Number(values.rate),
        timeScale: Number(values.scale),
        seed,
      }),
    );
  }
  const median = (read: (run: FirstTokens) => number) =>
    runs.map(read).sort((one, other) => one - other)[runs.length >> 1] ?? Number.NaN;
  const figures = [median(({ mean }) => mean), median(({ p50 }) => p50), median(({ p99 }) => p99)];
  rows.push([name, ...figures.map(duration)]);
}
process.stdout.write(`${markdownTable(['way', 'mean', 'p50', 'p99'], rows)}\n`);
