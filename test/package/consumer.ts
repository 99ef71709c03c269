import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { inject } from 'vitest';

const execFileAsync = promisify(execFile);

interface Manifest {
  readonly exports: Readonly<Record<string, unknown>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

export const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;

/** A project of a user's, with the packed library and nothing else but what it is given. */
export class Consumer {
  readonly folder = mkdtempSync(join(inject('packed'), 'consumers', 'project-'));

  /** @param packages what the project has installed beside `evenkeel` */
  constructor(packages: readonly string[], files: Readonly<Record<string, string>>) {
    cpSync(join(inject('packed'), 'package'), join(this.folder, 'node_modules', 'evenkeel'), {
      recursive: true,
    });
    for (const name of packages) {
      const link = join(this.folder, 'node_modules', name);
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(resolve('node_modules', name), link);
    }
    for (const [name, text] of Object.entries(files)) writeFileSync(join(this.folder, name), text);
  }

  /** Runs a script under the Node that runs the tests. Resolves to what it printed; rejects when it fails. */
  async node(...args: readonly string[]): Promise<string> {
    const ended = await execFileAsync(process.execPath, args, { cwd: this.folder, timeout: 60_000 }).catch(
      (error: Error & { stdout?: string; stderr?: string }) => {
        throw new Error(`${error.message}\n${error.stdout ?? ''}${error.stderr ?? ''}`);
      },
    );
    return ended.stdout;
  }
}
