import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { codeBlocks } from './markdown.js';

const FILE = 'gpu-headroom.test.ts';

async function block(): Promise<string> {
  const page = await readFile('docs/writing-a-scorer.md', 'utf8');
  const code = codeBlocks(page).find((one) => one.code.startsWith(`// ${FILE}`))?.code;
  if (code === undefined) throw new Error(`The page has no ${FILE}`);
  return code;
}

describe('the scorer of the page on writing scorers', () => {
  it('takes fewer than 40 lines, tests included', async () => {
    expect((await block()).trimEnd().split('\n').length).toBeLessThan(40);
  });

  it('passes its tests as it stands there', { timeout: 60_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'evenkeel-page-'));
    try {
      await writeFile(join(folder, FILE), await block());
      await writeFile(join(folder, 'package.json'), '{"type":"module"}');
      const { stdout } = await promisify(execFile)(
        process.execPath,
        ['--import', 'tsx', '--test', '--test-reporter', 'tap', join(folder, FILE)],
        // Where `evenkeel` is found.
        { env: { ...process.env, NODE_OPTIONS: '', TSX_TSCONFIG_PATH: resolve('tsconfig.json') } },
      );
      expect(stdout).toMatch(/^# pass 6$/m);
      expect(stdout).toMatch(/^# fail 0$/m);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
