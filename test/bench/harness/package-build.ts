import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Options } from 'tsup';
import { entryPoints } from '../../../tsup.config.js';

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

const SHARED: Options = {
  config: false,
  format: 'esm',
  outExtension: () => ({ js: '.mjs' }),
  target: 'node20',
  platform: 'node',
  silent: true,
};

/** Builds the package as it is published, without types. @returns its main file */
export async function buildPackage(folder: string): Promise<string> {
  const outDir = join(folder, 'package');
  await build({ ...SHARED, entry: entryPoints(), splitting: true, outDir });
  return join(outDir, 'index.mjs');
}

/** Builds a bundle of a module, minified. @param whole with all packages that it needs */
export async function buildBundle(entry: string, outDir: string, whole: boolean): Promise<string> {
  const packages = whole ? { noExternal: [/.*/] } : { skipNodeModulesBundle: true };
  await build({ ...SHARED, ...packages, entry: { bundle: entry }, minify: true, splitting: false, outDir });
  return join(outDir, 'bundle.mjs');
}
