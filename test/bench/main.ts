/** How fast the library is beside what it stands in for. Ratios count; absolute figures belong to one machine. */
import { rm, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { bundleProcesses } from './harness/bundle.js';
import { LOAD_CORE, pin } from './harness/pin.js';
import { type BenchCommand, readOptions, USAGE } from './options.js';
import { markdown, type Summary, summarize } from './report.js';
import { SECTIONS } from './sections/index.js';

async function bench(command: BenchCommand): Promise<void> {
  const { rounds, turn, only } = command;
  const machine = `Node ${process.versions.node}, ${availableParallelism()} cores of ${cpus()[0]?.model ?? 'an unknown processor'}`;
  const pinned = pin(process.pid, LOAD_CORE);
  const cores = pinned
    ? 'what is measured on one core, load and servers on the other'
    : 'processes not pinned to cores';
  const head = `${machine}\nMedians of ${rounds} interleaved rounds, ${turn} ms a turn; ${cores}\n`;
  process.stdout.write(`${head}\n`);
  const folder = await bundleProcesses();
  const summaries: Summary[] = [];
  try {
    for (const section of SECTIONS.filter(({ name }) => only.includes(name))) {
      const summary = summarize(section.name, await section.run({ folder, options: command }));
      summaries.push(summary);
      process.stdout.write(`${markdown(summary)}\n`);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  if (command.markdown !== undefined)
    await writeFile(command.markdown, `${head}\n${summaries.map(markdown).join('\n')}`);
  if (command.json !== undefined)
    await writeFile(
      command.json,
      `${JSON.stringify({ machine, rounds, turn, sections: summaries }, undefined, 2)}\n`,
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
if (command !== undefined) await bench(command);
