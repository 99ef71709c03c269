import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { packPackage } from '../support/packed-package.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** A temporary folder that holds the unpacked tarball as `package`. */
    readonly packed: string;
    /** Paths in the tarball. */
    readonly packedFiles: readonly string[];
    /** Bytes of the tarball, and of what is in it. */
    readonly packedSize: number;
    readonly unpackedSize: number;
  }
}

let folder: string | undefined;

/** Builds where the build is out of date, packs, and unpacks: once for all tests of the package. */
export function setup(project: TestProject): void {
  folder = mkdtempSync(join(tmpdir(), 'evenkeel-package-'));
  mkdirSync(join(folder, 'consumers'));
  const { tarball, files, size, unpackedSize } = packPackage(folder);
  execFileSync('tar', ['-xzf', tarball, '-C', folder]);
  project.provide('packed', folder);
  project.provide(
    'packedFiles',
    files.map((file) => file.path),
  );
  project.provide('packedSize', size);
  project.provide('unpackedSize', unpackedSize);
}

export function teardown(): void {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
}
