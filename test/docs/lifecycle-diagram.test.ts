import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { LIFECYCLE, LIFECYCLE_GATES } from '../../src/state/lifecycle.js';

describe('the diagram of the lifecycle', () => {
  it('has every way of the state machine and no other', () => {
    const page = readFileSync('docs/lifecycle.md', 'utf8');
    const [, diagram = ''] = /```mermaid\n([\s\S]*?)```/.exec(page) ?? [];
    const drawn = [...diagram.matchAll(/^ {2}(\w+) --> (\w+)$/gm)].map(([, from, to]) => `${from} → ${to}`);
    const ways = Object.entries(LIFECYCLE).flatMap(([from, tos]) => tos.map((to) => `${from} → ${to}`));
    expect(drawn.length).toBeGreaterThan(10);
    expect(drawn.sort()).toEqual(ways.sort());
  });

  it('has every gate of a warming endpoint and no other, and so has the table below it', () => {
    const page = readFileSync('docs/lifecycle.md', 'utf8');
    const [, note = ''] = /note right of warming: (.*)/.exec(page) ?? [];
    expect(note.split(', ')).toEqual([...LIFECYCLE_GATES]);
    const [, table = ''] = /\| Gate \|.*\n\|[-|]+\n((?:\|.*\n)+)/.exec(page) ?? [];
    expect([...table.matchAll(/^\| `([\w-]+)` /gm)].map(([, gate]) => gate)).toEqual([...LIFECYCLE_GATES]);
  });
});
