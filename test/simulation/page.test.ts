import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { REPLICA_FIELDS } from '../../src/simulation/fleet/fleet-spec.js';
import { SIMULATION_OPTIONS } from '../../src/simulation/options.js';
import { GPU_KINDS } from '../../src/simulation/replica/gpu-kinds.js';

const page = readFileSync('docs/simulation.md', 'utf8');

it('the page opens with the example that is run', () => {
  const example = readFileSync('examples/simulate.ts', 'utf8').replace(/^\/\*\*[\s\S]*?\*\/\n/, '');
  expect(/```ts\n([\s\S]*?)```/.exec(page)?.[1]).toBe(example);
});

it('the table of GPUs says what the code says', () => {
  const rows = [
    ...page.matchAll(
      /^\| `([\w-]+)` \| ([\d.]+) \| ([\d.]+) T \| ([\d.]+) \| ([\d ]+) \| (\d+), (\d+) \|$/gm,
    ),
  ];
  const told = rows.map(([, name, ...figures]) => [
    name,
    ...figures.map((text) => Number(text.replaceAll(' ', ''))),
  ]);
  expect(told).toEqual(
    Object.entries(GPU_KINDS).map(([name, gpu]) => [
      name,
      gpu.bandwidth / 1e12,
      gpu.flops / 1e12,
      gpu.prefillEfficiency,
      gpu.kvTokens,
      gpu.stepTokens,
      gpu.slots,
    ]),
  );
});

it.each([
  ['Fleets', REPLICA_FIELDS],
  ['Options of `simulate` and `compare`', [...SIMULATION_OPTIONS, 'policies', 'seeds']],
])('the table under "%s" has a row for every option there is, and for no other', (heading, options) => {
  const section = page.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const cells = [...section.matchAll(/^\| (`.*?) \|/gm)].map(([, cell]) => cell ?? '');
  const told = cells.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name));
  expect(told.filter((name) => name !== 'ReplicaSpec').sort()).toEqual([...options].sort());
});
