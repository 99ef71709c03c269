/** How fast the library is beside what it stands in for. Ratios count; absolute figures belong to one machine. */
import { rm, writeFile } from 'node:fs/promises';
import { guard, record } from './guard/guard.js';
import { bundleProcesses } from './harness/bundle.js';
import { LOAD_CORE, pin } from './harness/pin.js';
import { type BenchCommand, readOptions, USAGE } from './options.js';
import { writePage } from './page.js';
import { keep, machine } from './record.js';
import { markdown, type Summary, summarize } from './report.js';
import { SECTIONS } from './sections/index.js';

async function run(command: BenchCommand): Promise<void> {
  const pinned = pin(process.pid, LOAD_CORE);
  const folder = await bundleProcesses();
  try {
    if (command.task === 'sections') await measure(command, { folder, pinned });
    else if (command.task === 'record') await record(folder);
    else if (!(await guard(folder))) process.exitCode = 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measure(
  command: BenchCommand,
  { folder, pinned }: { readonly folder: string; readonly pinned: boolean },
): Promise<void> {
  const { rounds, turn, only } = command;
  const cores = pinned
    ? 'what is measured on one core, load and servers on the other'
    : 'processes not pinned to cores';
  const head = `Node ${process.versions.node}, ${machine()}\nMedians of ${rounds} interleaved rounds, ${turn} ms a turn; ${cores}\n`;
  process.stdout.write(`${head}\n`);
  const summaries: Summary[] = [];
  for (const section of SECTIONS.filter(({ name }) => only.includes(name))) {
    const summary = summarize(section.name, await section.run({ folder, options: command }));
    summaries.push(summary);
    process.stdout.write(`${markdown(summary)}\n`);
  }
  if (command.write) {
    await keep(summaries);
    await writePage();
  }
  if (command.markdown !== undefined)
    await writeFile(command.markdown, `${head}\n${summaries.map(markdown).join('\n')}`);
  if (command.json !== undefined)
    await writeFile(
      command.json,
      `${JSON.stringify({ node: process.versions.node, machine: machine(), rounds, turn, sections: summaries }, undefined, 2)}\n`,
    );
}

function given(): BenchCommand | undefined {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}\n`);
    process.exitCode = 2;
    return undefined;
  }
}

const command = given();
if (command !== undefined) await run(command);
