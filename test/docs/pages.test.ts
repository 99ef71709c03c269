import { existsSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { anchors, codeBlocks, localLinks, readPages } from './markdown.js';

const pages = readPages();

/** Links of a page that lead nowhere, to a file or to a heading. */
function brokenLinks(path: string, text: string): string[] {
  return localLinks(text).filter((link) => {
    const [file = '', anchor] = link.split('#');
    const target = file === '' ? path : posix.join(posix.dirname(path), decodeURIComponent(file));
    if (!existsSync(target)) return true;
    if (anchor === undefined || !target.endsWith('.md')) return false;
    return !anchors(target === path ? text : readFileSync(target, 'utf8')).has(anchor);
  });
}

describe('the pages', () => {
  it('are found, the README first of all', () => {
    expect(pages.map(({ path }) => path)).toContain('README.md');
  });

  it('have links that lead to files and headings that exist', () => {
    const broken = pages.flatMap(({ path, text }) =>
      brokenLinks(path, text).map((link) => `${path}: ${link}`),
    );
    expect(broken).toEqual([]);
  });
});

describe('the README', () => {
  const readme = readFileSync('README.md', 'utf8');

  it('shows the first example in less than 20 lines', () => {
    const example = codeBlocks(readme).find(({ language }) => language === 'ts');
    expect(example?.code.split('\n').length).toBeLessThan(20);
  });

  it('leads to every page in one step', () => {
    const links = localLinks(readme);
    const others = pages.map(({ path }) => path).filter((path) => path !== 'README.md');
    expect(others.filter((path) => !links.includes(path))).toEqual([]);
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

describe('the check of the pages', () => {
  it('sees links to files and headings that do not exist, and no others', () => {
    const page = '# A `b`: c\n[ok](#a-b-c) [far](https://example.com) `[code](no)`\n```\n[no](no.md)\n```\n';
    const wrong = '[gone](docs/gone.md) [none](#none) <img alt="" src="docs/images/gone.png">';
    expect(brokenLinks('README.md', `${page}${wrong}`)).toEqual([
      'docs/gone.md',
      '#none',
      'docs/images/gone.png',
    ]);
  });
});
