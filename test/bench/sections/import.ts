import { execFileSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { takeTurns } from '../harness/comparison.js';
import { buildPackage } from '../harness/package-build.js';
import type { Section } from '../harness/section.js';

const OURS = "import 'evenkeel'";

/** What the package adds to the start of an application. */
export const importSection: Section = {
  name: 'import',
  async run(bench) {
    const main = pathToFileURL(await buildPackage(bench.folder)).href;
    const programs: Readonly<Record<string, string>> = {
      'Node alone': '',
      "import 'undici'": "await import('undici')",
      [OURS]: `await import('${main}')`,
    };
    return {
      title: 'Import',
      note: 'A new process each time. Undici, which does the sending, is part of the import.',
      columns: [
        { figure: 'time', title: 'import ms', digits: 1 },
        { figure: 'whole', title: 'ms of the whole process', digits: 1 },
      ],
      rounds: await takeTurns(
        Object.keys(programs),
        { rounds: 2 * bench.options.rounds + 1, warmUp: 1 },
        async (way) => timed(programs[way] ?? '', bench.folder),
      ),
      checks: [{ way: OURS, figure: 'time', atMost: 60 }],
    };
  },
};

function timed(program: string, cwd: string) {
  const began = performance.now();
  const printed = execFileSync(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `const began = performance.now(); ${program}; process.stdout.write(String(performance.now() - began));`,
    ],
    { cwd, encoding: 'utf8' },
  );
  return { time: Number(printed), whole: performance.now() - began };
}
