import { defineConfig } from 'vitest/config';

/**
 * The tests that `npm run mutation` runs against each change of the sources: those of the rooms it changes, and of
 * what is built on them without sockets. Property tests make few runs: there are thousands of changes.
 */
export default defineConfig({
  resolve: { tsconfigPaths: true },
  plugins: [
    {
      name: 'few-runs',
      transform: (code, id) =>
        id.endsWith('.test.ts') ? code.replace(/numRuns: [\d_]+/g, 'numRuns: 25') : undefined,
    },
  ],
  test: {
    include: [
      'test/conformance/{policies,scorers,signals}.test.ts',
      'test/unit/{core,policies,retries,state,scorers,pickers,filters,signals}/**/*.test.ts',
      'test/unit/testing/seeded-random.test.ts',
      'test/unit/transport/headers.test.ts',
    ],
    isolate: false,
    testTimeout: 60_000,
  },
});
