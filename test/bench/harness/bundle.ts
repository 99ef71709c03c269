import { join } from 'node:path';
import { build } from 'tsup';
import { ROOT } from './package-build.js';

const PROCESSES = [
  'json-server',
  'sse-server',
  'client',
  'client-threads',
  'cluster-server',
  'holder',
  'picker',
  'steps',
  'proxy',
  'telemetry',
  'dashboard',
];

/**
 * Builds the benchmark's processes as the package is built, so that what is measured is what ships:
 * a loader that compiles on the fly wraps every function.
 *
 * @returns the folder of the built files
 */
export async function bundleProcesses(): Promise<string> {
  const folder = join(ROOT, 'node_modules/.cache/evenkeel-bench', String(process.pid));
  await build({
    config: false,
    entry: PROCESSES.map((name) => join(ROOT, `test/bench/processes/${name}.ts`)),
    outDir: folder,
    format: 'esm',
    outExtension: () => ({ js: '.mjs' }),
    target: 'node20',
    platform: 'node',
    splitting: false,
    skipNodeModulesBundle: true,
    clean: true,
    silent: true,
  });
  return folder;
}
