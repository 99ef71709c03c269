import { readdirSync, readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

// Loading modules is a third of the suite's work, so files share a process. Not these: they put another module
// in place of ours, or ask the process what sockets, timers and memory it holds.
const OWN_PROCESS = /vi\.mock\(|getActiveResourcesInfo|memoryUsage|memoryInUse|scaleSoak|\bgc\(/;
// Nor those whose packages follow what is asynchronous: every `await` after them takes several times as long.
const ASYNC_HOOKS = /async_hooks|opentelemetry|aimock|langchain/;

const sources = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .map((file) => `test/${file.replaceAll('\\', '/')}`)
  .filter((file) => /^test\/(?!browser|package).*\.test\.ts$/.test(file));
const alone = sources.filter((file) => {
  const text = readFileSync(file, 'utf8');
  return OWN_PROCESS.test(text) || ASYNC_HOOKS.test(text);
});

export default defineConfig({
  // Examples import `evenkeel` as users do; tsconfig.json says where that is in the sources.
  resolve: { tsconfigPaths: true },
  test: {
    // A dot for each test, then the failures in full and the totals: nothing to scroll past.
    reporters: ['dot'],
    pool: 'forks',
    // One more than there are cores where we test: many a test waits.
    maxWorkers: 3,
    // For tests of bodies that nobody reads; and room for what is young, since most of it is dropped at once.
    execArgv: ['--expose-gc', '--max-semi-space-size=32'],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    projects: [
      { extends: true, test: { name: 'sources', include: sources, exclude: alone, isolate: false } },
      { extends: true, test: { name: 'alone', include: alone } },
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
