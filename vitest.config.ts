import { defineConfig } from 'vitest/config';

// Not those of `balancer`: some of them put another transport in its place.
const UNITS = ['test/{conformance,fuzz}/**/*.test.ts', 'test/unit/!(balancer)/**/*.test.ts'];

export default defineConfig({
  // Examples import `evenkeel` as users do; tsconfig.json says where that is in the sources.
  resolve: { tsconfigPaths: true },
  test: {
    // A dot for each test, then the failures in full and the totals: nothing to scroll past.
    reporters: ['dot'],
    // A process for each file: several tests ask the process for its live sockets and timers.
    pool: 'forks',
    maxWorkers: 2,
    // For tests of bodies that nobody reads.
    execArgv: ['--expose-gc'],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'sources',
          include: ['test/**/*.test.ts'],
          exclude: ['test/package/**', 'test/browser/**', ...UNITS],
        },
      },
      // These ask the process for nothing, so they can share one: half of their time would be loading modules.
      { extends: true, test: { name: 'units', include: UNITS, isolate: false } },
      {
        extends: true,
        test: {
          name: 'package',
          include: ['test/package/**/*.test.ts'],
          globalSetup: 'test/package/pack.ts',
          testTimeout: 120_000,
        },
      },
      // Needs Chromium: `npm run test:browser`, and not part of `npm test`.
      {
        extends: true,
        test: { name: 'browser', include: ['test/browser/**/*.test.ts'] },
      },
    ],
  },
});
