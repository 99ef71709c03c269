import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { EVENT_NAMES } from '../../../src/core/event-names.js';

/** The types of event that a file of sources declares. */
function declared(file: string): string[] {
  const source = readFileSync(new URL(`../../../src/core/${file}`, import.meta.url), 'utf8');
  return [...source.matchAll(/readonly type: '([a-z-]+)'/g)].map(([, type = '']) => type);
}

it('The names of events are those that BalancerEvent declares, each once: a handler may be given for any', () => {
  const types = [...declared('events.ts'), ...declared('policy.ts')];
  expect(types).toContain('scorer-failed');
  expect([...EVENT_NAMES].sort()).toEqual(types.sort());
});
