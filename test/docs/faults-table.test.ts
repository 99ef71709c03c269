import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { FAULTS } from '../faults/aimock/cases.js';

it('the page on testing has every fault of MockLlmServer and no other', () => {
  const [, section = ''] = readFileSync('docs/testing.md', 'utf8').split('\n## How it fails\n');
  const [table = ''] = /(?:^\|.*\n)+/m.exec(section) ?? [];
  const rows = table.trimEnd().split('\n').slice(2);
  const kinds = rows.flatMap((row) => [...(row.split(' | ')[0] ?? '').matchAll(/`([\w-]+)`/g)]);
  expect(kinds.map(([, kind]) => kind).sort()).toEqual(Object.keys(FAULTS).sort());
});
