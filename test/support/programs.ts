import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Bundles sources before the first test of the file that calls this at its top level, and removes the bundles after
 * the last. A process that starts from them takes half the processor time of one that has `tsx` compile module after
 * module. Packages stay outside, so the bundles lie where Node finds `node_modules` above them.
 *
 * @param sources paths from the root, such as `examples/express.ts`; what they share is one module for all
 * @returns gives the bundle of a source, as an absolute path
 */
export function bundled(...sources: readonly string[]): (source: string) => string {
  // One for each file and run: two runs at the same time do not meet.
  let folder = '';
  beforeAll(() => {
    const cache = join(realpathSync(join(ROOT, 'node_modules')), '.cache');
    mkdirSync(cache, { recursive: true });
    folder = mkdtempSync(join(cache, 'evenkeel-programs-'));
    buildSync({
      entryPoints: [...sources],
      bundle: true,
      splitting: true,
      packages: 'external',
      platform: 'node',
      target: 'node20',
      format: 'esm',
      outExtension: { '.js': '.mjs' },
      outbase: '.',
      outdir: folder,
      absWorkingDir: ROOT,
      logLevel: 'warning',
    });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return (source) => join(folder, source.replace(/\.ts$/, '.mjs'));
}

interface Run {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Starts Node in a process of its own, from the root. It is told to stop when it is disposed of. */
export function startNode(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: { ...process.env, NODE_OPTIONS: '', ...env },
  });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const ended = once(child, 'close').then(([code]): Run => ({ code, output, errors }));
  return {
    child,
    /** What there is when it has ended. A signal that it did not handle gives the code `null`. */
    ended,
    /** The first group of a pattern, as soon as stdout has it. */
    async printed(pattern: RegExp): Promise<string> {
      for (;;) {
        const found = pattern.exec(output);
        if (found !== null) return found[1] ?? '';
        const more = await Promise.race([once(child.stdout, 'data'), ended.then(() => undefined)]);
        if (more === undefined) throw new Error(`It ended without ${pattern}:\n${output}${errors}`);
      }
    },
    async [Symbol.asyncDispose](): Promise<void> {
      child.kill();
      await ended;
    },
  };
}

/** Runs Node in a process of its own until it ends by itself. */
export function runNode(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Run> {
  return startNode(args, env).ended;
}
