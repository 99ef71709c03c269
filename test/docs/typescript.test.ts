import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { entryPoints } from '../../tsup.config.js';
import { exportedNames } from './api/exported-names.js';
import { namedTypes } from './api/named-types.js';
import { type EntryPoint, indexPage, referencePage } from './api/pages.js';
import { codeBlocks, readPages } from './markdown.js';
import { type Compiled, compileBlocks, type NamedBlock } from './type-check.js';

function typescriptBlocks(page: string, text: string): NamedBlock[] {
  return codeBlocks(text)
    .filter(({ language }) => language === 'ts' || language === 'typescript')
    .map((block) => ({ ...block, page }));
}

const PLANTED = [
  'Text.',
  '```ts',
  "import { LoadBalancer } from 'evenkeel';",
  "const own = new LoadBalancer({ endpoints: [{ url: 'http://127.0.0.1:8000' }] });",
  'own.nonsense();',
  '```',
  '```ts',
  "await balancer.fetch('/v1/models');",
  '```',
  '```js',
  'own.nonsense();',
  '```',
].join('\n');

/** Type arguments of options that depend on a framework's request. */
const ARGUMENTS: Readonly<Record<string, string>> = {
  DashboardOptions: '<unknown>',
  ProxyOptions: '<unknown>',
};

/** For each type of options in docs/api.md, which is known to be whole, one object with a key that there is not. */
function misspeltOptions(): NamedBlock[] {
  const sections = readFileSync('docs/api.md', 'utf8').split(/^## /m).slice(1);
  return sections.flatMap((section) => {
    const [, path = ''] = section.match(/`(.+?)`/) ?? [];
    return [...section.matchAll(/^\| \[`(\w+(?:Options|Config|Overrides))`\]/gm)].map(([, name = '']) => ({
      page: `${path}: ${name}`,
      line: 0,
      language: 'ts',
      code: `import type { ${name} } from '${path}';\nexport const wrong: Partial<${name}${ARGUMENTS[name] ?? ''}> = { misspelt: 1 };`,
    }));
  });
}

const sources = entryPoints();
const misspelt = misspeltOptions();
let compiled: Compiled;
let errors: string[];
let entries: EntryPoint[];

beforeAll(() => {
  const blocks = readPages().flatMap(({ path, text }) => typescriptBlocks(path, text));
  compiled = compileBlocks(
    [...blocks, ...typescriptBlocks('planted.md', PLANTED), ...misspelt],
    Object.values(sources),
  );
  entries = Object.entries(sources).map(([name, source]) => ({
    path: name === 'index' ? 'evenkeel' : `evenkeel/${name}`,
    names: exportedNames(compiled.program, source),
  }));
  errors = compiled.errors();
}, 60_000);

describe('the TypeScript of the pages', () => {
  it('compiles', () => {
    expect(errors.filter((error) => !/^(planted\.md|evenkeel)/.test(error))).toEqual([]);
  });

  it('would not if it were wrong; page and line are named', () => {
    expect(errors.filter((error) => error.startsWith('planted.md'))).toEqual([
      "planted.md:5: Property 'nonsense' does not exist on type 'LoadBalancer'.",
    ]);
  });
});

describe('the exported names', () => {
  it('each say what they are', () => {
    const silent = entries.flatMap(({ path, names }) =>
      names.filter(({ text }) => text === '' || text.startsWith('@')).map(({ name }) => `${path}: ${name}`),
    );
    expect(silent).toEqual([]);
  });

  it('show no any, and no path of a file', () => {
    const odd = entries.flatMap(({ path, names }) =>
      names
        .flatMap(({ name, shape, members }) => [
          { name, type: shape },
          ...members.map((member) => ({ name: `${name}.${member.name}`, type: member.type })),
        ])
        .filter(({ type }) => /\bany\b|import\(/.test(type.replace(/\/\*.*?\*\//gs, '')))
        .map(({ name, type }) => `${path}: ${name}: ${type}`),
    );
    expect(odd).toEqual([]);
  });

  it('refuse options with a key that is misspelt', () => {
    const refused = errors.filter((error) => error.includes("'misspelt' does not exist in type"));
    expect(refused.map((error) => error.replace(/:\d+: .*/s, ''))).toEqual(misspelt.map(({ page }) => page));
    expect(misspelt.length).toBeGreaterThan(50);
  });

  it('name no type of ours in their signatures that cannot be imported as well', () => {
    const homes = new Set(entries.flatMap(({ names }) => names.map(({ home }) => home)));
    const named = Object.entries(sources).flatMap(([entry, source]) =>
      namedTypes(compiled.program, source).map((type) => ({ entry, ...type })),
    );
    expect(named.map(({ name }) => name)).toContain('InferenceRequest');
    const missing = named
      .filter(({ home }) => !homes.has(home))
      .map(({ entry, name }) => `${entry}: ${name}`);
    expect(missing).toEqual([]);
  });

  it('are all in docs/api.md, and no other', async () => {
    await expect(indexPage(entries)).toMatchFileSnapshot('../../docs/api.md');
  });

  it('have in docs/reference.md the shapes that they have', async () => {
    await expect(referencePage(entries)).toMatchFileSnapshot('../../docs/reference.md');
  });
});
