import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { soak } from './soak.js';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    virtual: { type: 'boolean', default: false },
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
} else {
  const tally = await soak({
    seconds: Number(values.minutes) * 60,
    seed,
    every: 10,
    report: (line) => console.log(line),
  });
  const { growth, disturbances, problems } = tally;
  console.log(`\n${tally.line}`);
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
  console.log(problems.length === 0 ? 'Nothing lost.' : `Again with: npm run soak -- --seed ${seed}`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
