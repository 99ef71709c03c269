import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { scaleSoak } from './scale.js';
import { soak } from './soak.js';
import type { Tally } from './tally.js';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    virtual: { type: 'boolean', default: false },
    scale: { type: 'boolean', default: false },
    requests: { type: 'string', default: '1000000' },
  },
});
const seed = Number(values.seed);

if (values.virtual) {
  // Under vitest, which puts a wire of ours in the place of undici.
  const { status } = spawnSync(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', 'run', 'test/soak/virtual.test.ts', '--reporter=verbose'],
    { stdio: 'inherit', env: { ...process.env, SEED: String(seed), SOAK_MINUTES: '60' } },
  );
  process.exitCode = status ?? 1;
} else if (values.scale) {
  const tally = await scaleSoak({
    endpoints: 10_000,
    clients: 1_000,
    subset: 30,
    requests: Number(values.requests),
    hours: 24,
    seed,
    report: (line) => console.log(line),
  });
  conclude(tally, '--scale ');
} else {
  const tally = await soak({
    seconds: Number(values.minutes) * 60,
    seed,
    every: 10,
    report: (line) => console.log(line),
  });
  conclude(tally);
}

function conclude({ line, growth, disturbances, problems }: Tally, flags = ''): void {
  console.log(`\n${line}`);
  console.log(
    `disturbances: ${Object.entries(disturbances)
      .map(([kind, count]) => `${count} ${kind}`)
      .join(', ')}`,
  );
  console.log(
    growth === undefined
      ? 'heap: too few samples to compare'
      : `heap after warm-up: ${growth < 1 ? '' : '+'}${((growth - 1) * 100).toFixed(1)} %`,
  );
  for (const problem of problems) console.log(`PROBLEM ${problem}`);
  console.log(problems.length === 0 ? 'Nothing lost.' : `Again with: npm run soak -- ${flags}--seed ${seed}`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
