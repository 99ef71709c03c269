import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { codeBlocks, localLinks, readPages } from './markdown.js';

const readme = readFileSync('README.md', 'utf8');

describe('the README', () => {
  it('shows the first example in less than 20 lines', () => {
    const example = codeBlocks(readme).find(({ language }) => language === 'ts');
    expect(example?.code.split('\n').length).toBeLessThan(20);
  });

  it('leads to every page in one step', () => {
    const links = localLinks(readme);
    const docs = readPages().map(({ path }) => path);
    expect(docs.filter((path) => path !== 'README.md' && !links.includes(path))).toEqual([]);
  });

  it('has no figure that the page behind it does not have', () => {
    const [, section = ''] = readme.split('\nIn figures');
    const rows = [...section.matchAll(/^\|.*\]\((docs\/[\w-]+\.md)#[\w-]+\)[^|]*\|(.*)\|[^|]*\|$/gm)];
    expect(rows).toHaveLength(4);
    for (const [, path = '', cells = ''] of rows) {
      const page = readFileSync(path, 'utf8');
      for (const [figure] of cells.matchAll(/\d+(?:\.\d+)?/g))
        expect({ figure, path, there: new RegExp(`\\b${figure}\\b`).test(page) }).toMatchObject({
          there: true,
        });
    }
  });
});
