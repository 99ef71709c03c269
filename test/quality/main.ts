/** How good the choices are, beside those of others and of oracles, in simulation. */
import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { ProgressBar } from '../../src/cli/progress-bar.js';
import { EVERYBODY } from './contestants.js';
import { grid } from './grid.js';
import { type Measured, measure } from './measure.js';
import { tableSection, withSection } from './section.js';

const PAGE = 'docs/benchmarks.md';
/** A third of what has been seen, so that only what has become slow fails. */
const LEAST_RATE = 200_000;
const USAGE = `npm run bench:quality -- [--requests N (1500)] [--seeds N (5)] [--traces FOLDER (../shared/traces)] [--json FILE] [--quick]
--quick: few requests, one seed, and ${PAGE} stays as it is; its figures say nothing.
Fails when it simulates less than ${LEAST_RATE.toLocaleString('en')} requests a minute of processor time.`;

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '1500' },
    seeds: { type: 'string', default: '5' },
    traces: { type: 'string', default: '../shared/traces' },
    json: { type: 'string' },
    quick: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) process.stdout.write(`${USAGE}\n`);
else await bench();

async function bench(): Promise<void> {
  const { quick } = values;
  const [requests, seeds] = quick ? [150, 1] : [Number(values.requests), Number(values.seeds)];
  const tables = grid({
    requests,
    loads: quick ? [0.8] : [0.5, 0.6, 0.7, 0.8, 0.9, 0.95],
    clients: quick ? [8] : [1, 8, 64],
    traces: values.traces,
  });
  const began = process.cpuUsage();
  const measured: Measured[] = [];
  for (const [index, table] of tables.entries()) {
    const bar = new ProgressBar(process.stderr, true);
    const onProgress = (done: number) => bar.show((index + done) / tables.length);
    const one = await measure(table, { contestants: EVERYBODY, seeds, onProgress });
    bar.clear();
    measured.push(one);
    process.stdout.write(`${tableSection(one)}\n\n`);
  }
  const { user, system } = process.cpuUsage(began);
  const simulated = measured.reduce((sum, one) => sum + one.requests, 0);
  const rate = (simulated * 60e6) / (user + system);
  const run = `${requests} requests a run, ${seeds} seeds, medians; ${simulated.toLocaleString('en')} requests simulated, ${(Math.round(rate / 10_000) * 10_000).toLocaleString('en')} a minute of processor time.`;
  process.stdout.write(`${run}\n`);
  if (rate < LEAST_RATE) {
    process.stderr.write(`That is less than ${LEAST_RATE.toLocaleString('en')}.\n`);
    process.exitCode = 1;
  }
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(measured, undefined, 2)}\n`);
  if (quick) return;
  const section = [run, ...measured.map(tableSection)].join('\n\n');
  await writeFile(PAGE, withSection(await readFile(PAGE, 'utf8'), section));
}
