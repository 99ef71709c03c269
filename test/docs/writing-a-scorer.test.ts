import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { codeBlocks } from './markdown.js';
import { runBlock } from './run-block.js';

const block = codeBlocks(readFileSync('docs/writing-a-scorer.md', 'utf8')).find(({ code }) =>
  code.startsWith('// gpu-headroom.test.ts'),
);

describe('the scorer of the page on writing scorers', () => {
  it('takes fewer than 40 lines, tests included', () => {
    expect(block?.code.trimEnd().split('\n').length).toBeLessThan(40);
  });

  it('passes its tests as it stands there', async () => {
    const passed: string[] = [];
    const runner = {
      describe: (_name: string, suite: () => void) => suite(),
      it: (name: string, test: () => void) => {
        test();
        passed.push(name);
      },
    };
    await runBlock(block?.code ?? '', { modules: { 'node:test': runner } });
    expect(passed).toHaveLength(6);
  });
});
