import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const BUILD_INPUTS = ['src', 'tsup.config.ts', 'tsconfig.json', 'package.json'];

/** The tarball as npm would publish it. */
export interface PackedPackage {
  readonly tarball: string;
  /** Bytes of the tarball, and of what is in it. */
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string; readonly size: number }[];
}

/** Builds where the build is out of date, and packs into a folder. */
export function packPackage(folder: string): PackedPackage {
  if (isStale()) {
    execFileSync(process.execPath, ['node_modules/tsup/dist/cli-default.js'], { stdio: 'pipe' });
  }
  const printed = execFileSync(
    'npm',
    ['pack', '--ignore-scripts', '--json', '--loglevel=error', '--pack-destination', folder],
    { encoding: 'utf8' },
  );
  // npm 10 and 11 print a list with one member, newer ones an object by package name.
  const [packed] = Object.values(
    JSON.parse(printed) as Record<string, Omit<PackedPackage, 'tarball'> & { readonly filename: string }>,
  );
  if (packed === undefined) throw new Error(`npm pack listed nothing: ${printed}`);
  return { ...packed, tarball: join(folder, packed.filename) };
}

function isStale(): boolean {
  if (!existsSync('dist/index.js') || !existsSync('dist/index.d.cts')) return true;
  return Math.max(...BUILD_INPUTS.map(newestChange)) > statSync('dist/index.js').mtimeMs;
}

function newestChange(path: string): number {
  const own = statSync(path);
  if (!own.isDirectory()) return own.mtimeMs;
  return Math.max(own.mtimeMs, ...readdirSync(path).map((name) => newestChange(join(path, name))));
}
