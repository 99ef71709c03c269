import { existsSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { anchors, localLinks, readPages } from './markdown.js';

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

  it('are all reached from the README', () => {
    const reached = new Set(['README.md']);
    for (const path of reached) {
      const page = pages.find((candidate) => candidate.path === path);
      for (const link of localLinks(page?.text ?? ''))
        reached.add(posix.join(posix.dirname(path), link.replace(/#.*/, '')));
    }
    expect(pages.map(({ path }) => path).filter((path) => !reached.has(path))).toEqual([]);
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
