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
const known = [...faultCases(PACE).map(({ id }) => id), ...Object.keys(LEAVINGS)];
for (const id of chosen) if (!known.includes(id)) throw new Error(`${id} is none of ${known.join(', ')}`);
const wanted = (id: string) => chosen.length === 0 || chosen.includes(id);
const faults = faultCases(PACE).filter(({ id }) => wanted(id));
const leavings = Object.keys(LEAVINGS).filter(wanted);

const found = await Promise.all([evenkeel(), nginx(), haproxy(), portkey()]);
const contenders = found.filter((one): one is Contender => 'front' in one);
const absent = found.filter((one): one is Absent => 'why' in one);
for (const { name, why } of absent) console.log(`${name} is left out: ${why}`);
const page = await readFile(PAGE, 'utf8');
const results = await run(contenders, faults, leavings);
if (chosen.length === 0) {
  const text = report(faults, results);
  if (absent.length > 0) console.log(`Not written to ${PAGE}, which has all of them:\n\n${text}`);
  else {
    const written = page.replace(MARKED, () => `\n${text}\n`);
    await writeFile(PAGE, written);
    console.log(`${faults.length} faults and ${leavings.length} ways to leave: written to ${PAGE}`);
  }
} else {
  const recorded = cellsOf(MARKED.exec(page)?.[0] ?? '');
  const odd = compare(results, recorded);
  if (odd.length > 0) {
    console.log('\nOnce more, for the machine may have been too busy:');
    const again = await run(
      contenders,
      faults.filter(({ id }) => odd.includes(id)),
      leavings.filter((id) => odd.includes(id)),
    );
    process.exitCode = compare(again, recorded).length === 0 ? 0 : 1;
  }
}
for (const contender of contenders) await contender[Symbol.asyncDispose]();

/** Prints what was seen, and returns the rows in which a contender of the page's own version did otherwise. */
function compare(results: readonly Results[], recorded: ReturnType<typeof cellsOf>): string[] {
  return chosen.filter((id) => {
    const same = results.map((one) => {
      const now = cell(one, id);
      if (now === undefined) return true;
      const then = recorded.get(id)?.get(columnOf(one));
      const verdict =
        then === undefined ? 'not on the page' : then === now ? 'as on the page' : `the page says: ${then}`;
      console.log(`${id.padEnd(24)}${columnOf(one).padEnd(28)}${now.padEnd(36)}${verdict}`);
      return then === undefined || then === now;
    });
    return same.includes(false);
  });
}
