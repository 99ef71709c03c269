import { readFile, writeFile } from 'node:fs/promises';
import type { BenchOptions } from '../options.js';
import { GUARDED } from './guarded.js';

/** What was measured when it was last recorded, by major version of Node. */
const RECORD = new URL('recorded.json', import.meta.url);
/** How much worse than recorded fails. */
const TOLERANCE = 1.15;
const QUICK: BenchOptions = { rounds: 5, warmUp: 5, turn: 250, requests: 2500, smoke: false };
/** For what failed the first time, with new processes, and for what is recorded. */
const THOROUGH: BenchOptions = { ...QUICK, rounds: 15 };

type Recorded = Record<string, Record<string, number>>;

/**
 * Fails when something takes more than 15 % more, beside what it is compared with, than when it was recorded.
 * What seems to is measured again, longer, and only the second measurement counts.
 *
 * @returns whether all is as good as it was
 */
export async function guard(folder: string): Promise<boolean> {
  const recorded = (await readRecord())[nodeVersion()] ?? {};
  let good = true;
  for (const guarded of GUARDED) {
    const before = recorded[guarded.name];
    if (before === undefined) {
      say(`FAIL  ${guarded.name}: nothing recorded for ${nodeVersion()}; \`--guard --record\` does it`);
      good = false;
      continue;
    }
    const limit = before * TOLERANCE;
    let now = await guarded.measure({ folder, options: QUICK });
    const again = now > limit;
    if (again) now = await guarded.measure({ folder, options: THOROUGH });
    const held = now <= limit;
    good &&= held;
    const better = now < before / TOLERANCE ? '; so much better that it should be recorded again' : '';
    say(
      `${held ? 'ok   ' : 'FAIL '} ${guarded.name}: ${guarded.what} is ${shown(now)}${again ? ' (measured twice)' : ''}, was ${shown(before)}, may be ${shown(limit)}${better}`,
    );
  }
  return good;
}

/** Records what is measured now, for this major version of Node. */
export async function record(folder: string): Promise<void> {
  const found: Record<string, number> = {};
  for (const guarded of GUARDED) {
    found[guarded.name] = Number(shown(await guarded.measure({ folder, options: THOROUGH })));
    say(`${guarded.name}: ${guarded.what} is ${found[guarded.name]}`);
  }
  const all = { ...(await readRecord()), [nodeVersion()]: found };
  await writeFile(RECORD, `${JSON.stringify(all, undefined, 2)}\n`);
}

async function readRecord(): Promise<Recorded> {
  return JSON.parse(await readFile(RECORD, 'utf8'));
}

function nodeVersion(): string {
  return `node${process.versions.node.split('.')[0]}`;
}

function shown(value: number): string {
  return value.toPrecision(3);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
