/** How fast the library is beside what it stands in for. Ratios count; absolute figures belong to one machine. */
import { writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { bundleProcesses } from './bundle.js';
import { Child } from './child.js';
import { type BenchOptions, readOptions, USAGE } from './options.js';
import { pin } from './pin.js';
import { figures, markdown } from './report.js';
import { callSections, proxySection } from './sections.js';

const LOAD_CORE = 0;

async function bench(options: BenchOptions): Promise<void> {
  const folder = await bundleProcesses();
  const machine = `Node ${process.versions.node}, ${availableParallelism()} cores of ${cpus()[0]?.model ?? 'an unknown processor'}`;
  process.stdout.write(
    `${machine}\nMedians of ${options.rounds} interleaved rounds, ${options.turn} ms a turn, 64 at a time, 255-byte questions, 580-byte answers\n\n`,
  );
  using server = await Child.start<{ urls: readonly string[] }>(join(folder, 'json-server.mjs'), []);
  const { urls } = server.ready;
  const calls = await callSections(folder, urls, options);
  // From here on the measured process has a core of its own.
  const pinned = pin(server.pid, LOAD_CORE) && pin(process.pid, LOAD_CORE);
  const sections = [...calls, await proxySection(folder, urls, options)];
  process.stdout.write(
    pinned ? 'Proxies on one core, load and servers on the other\n\n' : 'Processes not pinned to cores\n\n',
  );
  process.stdout.write(`${sections.map(markdown).join('\n')}`);
  if (options.json !== undefined) {
    const { rounds, turn } = options;
    const data = { machine, rounds, turn, sections: sections.map(figures) };
    await writeFile(options.json, `${JSON.stringify(data, undefined, 2)}\n`);
  }
}

function options(): BenchOptions | undefined {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}\n`);
    process.exitCode = 2;
    return undefined;
  }
}

const given = options();
if (given !== undefined) await bench(given);
