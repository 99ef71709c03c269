/** The fault matrix's faults through evenkeel and through what else could stand in its place. */
import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { faultCases } from '../matrix/cases.js';
import type { Absent, Contender } from './contender.js';
import { evenkeel } from './evenkeel.js';
import { haproxy } from './haproxy.js';
import { LEAVINGS } from './leave.js';
import { nginx } from './nginx.js';
import { PACE } from './pace.js';
import { portkey } from './portkey.js';
import { report } from './report.js';
import { type Results, run } from './run.js';
import { cell, cellsOf, columnOf } from './tables.js';

const PAGE = 'docs/failures.md';
const MARKED = /(?<=<!-- rivals:begin -->\n)[\s\S]*(?=<!-- rivals:end -->)/;

/** A few of each kind, none of which anybody waits long for. */
const SMOKE = [
  'reset-before-headers',
  'status-500',
  'hang',
  'cut-first',
  'cut-middle',
  'end-early-middle',
  'error-event-middle',
  'cut-plain',
  'leave-plain',
  'leave-tokens',
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { smoke: { type: 'boolean', default: false } },
});
const chosen = values.smoke ? SMOKE : positionals;
const wanted = (id: string) => chosen.length === 0 || chosen.includes(id);
const faults = faultCases(PACE).filter(({ id }) => wanted(id));
const leavings = Object.keys(LEAVINGS).filter(wanted);

const found = await Promise.all([evenkeel(), nginx(), haproxy(), portkey()]);
const contenders = found.filter((one): one is Contender => 'front' in one);
const absent = found.filter((one): one is Absent => 'why' in one);
for (const { name, why } of absent) console.log(`${name} is left out: ${why}`);
const results = await run(contenders, faults, leavings);
for (const contender of contenders) await contender[Symbol.asyncDispose]();

const page = await readFile(PAGE, 'utf8');
if (chosen.length === 0) {
  await writeFile(
    PAGE,
    page.replace(MARKED, () => `\n${report(faults, results, absent)}\n`),
  );
  console.log(`${faults.length} faults and ${leavings.length} ways to leave: written to ${PAGE}`);
} else {
  process.exitCode = compare(results, cellsOf(MARKED.exec(page)?.[0] ?? '')) ? 0 : 1;
}

/** Prints what was seen; false where a contender of the page's own version did otherwise than the page says. */
function compare(results: readonly Results[], recorded: ReturnType<typeof cellsOf>): boolean {
  let same = true;
  for (const id of [...faults.map(({ id }) => id), ...leavings]) {
    for (const one of results) {
      const now = cell(one, id);
      const then = recorded.get(id)?.get(columnOf(one));
      const verdict =
        then === undefined ? 'not on the page' : then === now ? 'as on the page' : `the page says: ${then}`;
      if (then !== undefined && then !== now) same = false;
      console.log(`${id.padEnd(24)}${columnOf(one).padEnd(28)}${now.padEnd(36)}${verdict}`);
    }
  }
  return same;
}
