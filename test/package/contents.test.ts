import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, inject, it } from 'vitest';
import { entryPoints } from '../../tsup.config.js';
import { manifest } from './consumer.js';

const dist = join(inject('packed'), 'package', 'dist');
const built = readdirSync(dist, { recursive: true, encoding: 'utf8' });

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Packages that the built files of a kind import, `node:` modules left out. */
function imported(extensions: RegExp): string[] {
  const names = new Set<string>();
  for (const file of built.filter((name) => extensions.test(name))) {
    const { importedFiles } = ts.preProcessFile(readFileSync(join(dist, file), 'utf8'), true, true);
    for (const { fileName } of importedFiles)
      if (!/^(\.|node:)/.test(fileName)) names.add(packageOf(fileName));
  }
  return [...names].sort();
}

describe('the tarball', () => {
  it('holds the build, the manifest and the papers, and nothing else', () => {
    const outside = inject('packedFiles').filter((path) => !path.startsWith('dist/'));
    expect(outside.sort()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json']);
  });

  it('holds modules and their types, and no source maps: the code is as it was written, but for its types', () => {
    const others = built.filter((name) => name.includes('.') && !/\.(c?js|d\.c?ts)$/.test(name));
    expect(others).toEqual([]);
  });

  it('names no machine path', () => {
    const telling = built
      .filter((name) => /\.(c?js|d\.c?ts|map)$/.test(name))
      .filter((name) => readFileSync(join(dist, name), 'utf8').includes(process.cwd()));
    expect(telling).toEqual([]);
  });

  it('has both builds and both type files of every entry point', () => {
    const expected = Object.keys(entryPoints()).flatMap((name) =>
      ['js', 'cjs', 'd.ts', 'd.cts'].map((extension) => `${name}.${extension}`),
    );
    expect(built.filter((name) => expected.includes(name)).sort()).toEqual(expected.sort());
  });
});

describe('the exports map', () => {
  it('leads to every entry point and to nothing that is not there', () => {
    const wanted = new Set(
      Object.keys(entryPoints()).map((name) =>
        name === 'index' ? '.' : `./${name.includes('/') ? name.replace(/\/.*/, '/*') : name}`,
      ),
    );
    expect(Object.keys(manifest.exports).sort()).toEqual([...wanted, './package.json'].sort());
  });

  it('sends each name to the file of that name', () => {
    for (const [name, target] of Object.entries(manifest.exports)) {
      if (typeof target === 'string') continue;
      const path = name === '.' ? './dist/index' : `./dist${name.slice(1)}`;
      expect(target).toEqual({
        import: { types: `${path}.d.ts`, default: `${path}.js` },
        require: { types: `${path}.d.cts`, default: `${path}.cjs` },
      });
    }
  });
});

describe('the built files', () => {
  const peers = Object.keys(manifest.peerDependencies);

  it('import nothing that is not declared', () => {
    const declared = [...Object.keys(manifest.dependencies), ...peers];
    expect(imported(/\.c?js$/).filter((name) => !declared.includes(name))).toEqual([]);
    expect(imported(/\.js$/)).toContain('undici');
  });

  it('carry the packages that are ESM only inside the CommonJS build', () => {
    expect(imported(/\.js$/)).toEqual(expect.arrayContaining(['eventsource-parser', 'p-queue']));
    const required = imported(/\.cjs$/);
    expect(required).not.toContain('p-queue');
    expect(required).not.toContain('eventsource-parser');
  });

  it('load later by require in the CommonJS build, since Jest has no import() there', () => {
    const later = built
      .filter((name) => name.endsWith('.cjs'))
      .filter((name) => /\bimport\(/.test(readFileSync(join(dist, name), 'utf8')));
    expect(later).toEqual([]);
  });

  it('show no types of opossum, p-queue or eventsource-parser, and of undici only where it is the interface', () => {
    const shown = (files: RegExp) => imported(files).filter((name) => !peers.includes(name));
    expect(shown(/^(?!dispatcher\.).*\.d\.c?ts$/)).toEqual([]);
    expect(shown(/^dispatcher\.d\.c?ts$/)).toEqual(['undici']);
  });
});
