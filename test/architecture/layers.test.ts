import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { roomsOf, roomsOfPage, rowsOfPage } from './picture.js';
import {
  badNames,
  crowdedFolders,
  folderCycles,
  importCycles,
  impurityBreaches,
  layerBreaches,
  longFiles,
  packageBreaches,
  typeEscapes,
} from './rules.js';
import { parseSource, readSources } from './source-files.js';

const sources = readSources('src');

describe('the sources', () => {
  it('are found', () => {
    expect(sources.map(({ path }) => path)).toContain('core/policy.ts');
    expect(sources.find(({ path }) => path === 'system.ts')?.imports).toContain('core/clock.ts');
  });

  it('import downwards only', () => {
    expect(layerBreaches(sources)).toEqual([]);
  });

  it('import every package in one place only', () => {
    expect(packageBreaches(sources)).toEqual([]);
  });

  it('have no import cycles, type imports included', () => {
    expect(importCycles(sources)).toEqual([]);
  });

  it('have folders in rooms that import in no circle, and hold 25 files at most, the vocabulary 45', () => {
    expect(folderCycles(sources)).toEqual([]);
    expect(crowdedFolders(sources)).toEqual([]);
  });

  it('take the clock, timers and randomness from system.ts', () => {
    expect(impurityBreaches(sources)).toEqual([]);
  });

  it('have no any, no non-null assertion, no enum, no default export and no console', () => {
    expect(typeEscapes(sources)).toEqual([]);
  });

  it('hold one idea a file: at most 220 lines, 180 for the request path', () => {
    expect(longFiles(sources)).toEqual([]);
  });

  it('are named after what they hold', () => {
    expect(badNames(sources)).toEqual([]);
  });
});

describe('the picture in docs/architecture.md', () => {
  const page = readFileSync('docs/architecture.md', 'utf8');
  const rows = rowsOfPage(page);
  const rooms = roomsOf(sources);

  it('has every room once', () => {
    expect(rows.flat().sort()).toEqual(rooms.map(({ room }) => room).sort());
  });

  it('has no import that goes up or sideways, but the one that it names', () => {
    const rowOf = new Map(rows.flatMap((names, row) => names.map((name) => [name, row] as const)));
    const crooked = rooms.flatMap(({ room, imports }) =>
      imports
        .filter((imported) => (rowOf.get(imported) ?? -1) <= (rowOf.get(room) ?? 0))
        .map((imported) => `${room} imports ${imported}`),
    );
    expect(crooked).toEqual(['policies imports scorers']);
  });

  it('says of each room what it really imports', () => {
    const byName = (a: { room: string }, b: { room: string }) => a.room.localeCompare(b.room);
    expect(roomsOfPage(page).sort(byName)).toEqual(rooms.sort(byName));
  });
});

describe('the rules', () => {
  const file = (path: string, text: string) => parseSource(path, text);

  it('see an import that goes up, sideways, or from an unknown folder', () => {
    const planted = [
      file('core/a.ts', "import { system } from '../system.js';"),
      file('policies/b.ts', "export type { Filter } from '../filters/model.js';"),
      file('state/c.ts', "type T = import('../transport/t.js').T;"),
      file('facades/d.ts', "const late = import('../sse/s.js');"),
      file('misplaced/e.ts', ''),
    ];
    expect(layerBreaches(planted)).toEqual([
      'core/a.ts imports system.ts',
      'policies/b.ts imports filters/model.ts',
      'state/c.ts imports transport/t.ts',
      'facades/d.ts imports sse/s.ts',
      'misplaced/e.ts: no layer is known for misplaced',
    ]);
  });

  it('see folders of a room that import each other, through whichever files of theirs', () => {
    const planted = [
      file(
        'balancer/request/a.ts',
        "import '../upkeep/b.js'; import '../c.js'; import '../../sse/tap/s.js';",
      ),
      file('balancer/upkeep/b.ts', "import '../c.js';"),
      file('balancer/upkeep/d.ts', "import '../request/e.js';"),
    ];
    expect(folderCycles(planted.slice(0, 2))).toEqual([]);
    expect(folderCycles(planted)).toEqual(['balancer/request → balancer/upkeep → balancer/request']);
  });

  it('see a folder that is crowded', () => {
    const planted = Array.from({ length: 26 }, (_, index) => file(`sse/f${index}.ts`, ''));
    expect(crowdedFolders(planted)).toEqual(['sse: 26 files']);
    expect(crowdedFolders(planted.slice(1))).toEqual([]);
  });

  it('allow imports that go down, to the floor, or stay in the folder', () => {
    const planted = [
      file('policies/a.ts', "import '../core/c.js'; import '../system.js'; import './b.js';"),
      file('balancer/a.ts', "import '../policies/a.js'; import '../state/s.js';"),
    ];
    expect(layerBreaches(planted)).toEqual([]);
  });

  it('see packages away from home, undeclared ones, and Node in pure code', () => {
    const planted = [
      file('balancer/a.ts', "import { Pool } from 'undici';"),
      file('transport/b.ts', "import { Pool } from 'undici/types'; import '@scope/name/deep';"),
      file('core/c.ts', "import { createHash } from 'node:crypto';"),
    ];
    expect(packageBreaches(planted)).toEqual([
      'balancer/a.ts imports undici',
      'transport/b.ts imports @scope/name',
      'core/c.ts imports node:crypto',
    ]);
  });

  it('see a cycle that only types close', () => {
    const planted = [
      file('core/a.ts', "import type { B } from './b.js';"),
      file('core/b.ts', "import type { C } from './c.js';"),
      file('core/c.ts', "import type { A } from './a.js';"),
    ];
    expect(importCycles(planted)).toEqual(['core/a.ts → core/b.ts → core/c.ts → core/a.ts']);
  });

  it('see the clock in every disguise, and not in comments', () => {
    const planted = file(
      'state/a.ts',
      `// Date.now()
       setTimeout(f, 1); globalThis.performance.now(); new Date(); new Date(0); AbortSignal.timeout(1);`,
    );
    expect(planted.impurities).toEqual([
      'setTimeout',
      'performance.now',
      'new Date()',
      'AbortSignal.timeout',
    ]);
    expect(impurityBreaches([{ ...planted, path: 'system.ts' }])).toEqual([]);
  });

  it('see escapes from the types, long files and empty names', () => {
    const planted = file(
      'core/url-utils.ts',
      `export default function f(a: any) { switch (a) { default: return a!; } }
       enum E {} console.log(1);${'\n'.repeat(220)}//`,
    );
    expect(planted.escapes).toEqual(['default export', 'any', 'non-null assertion', 'enum', 'console']);
    expect(longFiles([planted])).toEqual(['core/url-utils.ts: 222 lines']);
    expect(longFiles([{ ...planted, path: 'balancer/send.ts', lines: 181 }])).toHaveLength(1);
    expect(badNames([planted, file('core/camelCase.ts', ''), file('core/fine-name.ts', '')])).toEqual([
      'core/url-utils.ts',
      'core/camelCase.ts',
    ]);
  });
});
