import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** A temporary folder that holds the unpacked tarball as `package`. */
    readonly packed: string;
    /** Paths in the tarball. */
    readonly packedFiles: readonly string[];
  }
}

const BUILD_INPUTS = ['src', 'tsup.config.ts', 'tsconfig.json', 'package.json'];

let folder: string | undefined;

/** Builds where the build is out of date, packs, and unpacks: once for all tests of the package. */
export function setup(project: TestProject): void {
  if (isStale()) {
    execFileSync(process.execPath, ['node_modules/tsup/dist/cli-default.js'], { stdio: 'pipe' });
  }
  folder = mkdtempSync(join(tmpdir(), 'evenkeel-package-'));
  mkdirSync(join(folder, 'consumers'));
  const answer = execFileSync(
    'npm',
    ['pack', '--ignore-scripts', '--json', '--loglevel=error', '--pack-destination', folder],
    { encoding: 'utf8' },
  );
  const { filename, files } = parsePackList(answer);
  execFileSync('tar', ['-xzf', join(folder, filename), '-C', folder]);
  project.provide('packed', folder);
  project.provide(
    'packedFiles',
    files.map((file) => file.path),
  );
}

export function teardown(): void {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
}

interface PackList {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

/** npm 10 and 11 print a list with one member, newer ones an object by package name. */
function parsePackList(text: string): PackList {
  const [list] = Object.values(JSON.parse(text) as Record<string, PackList>);
  if (list === undefined) throw new Error(`npm pack listed nothing: ${text}`);
  return list;
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
