import { existsSync, readdirSync, rmSync } from 'node:fs';
import { defineConfig, type Options } from 'tsup';

/** Folders whose every file is an entry point of its own: `evenkeel/policies/round-robin`. */
const STRATEGY_FOLDERS = ['policies', 'filters', 'scorers', 'pickers', 'signals', 'discovery', 'scaling'];

/** Entry points that bear another name than their file. */
const NAMED_ENTRIES: Readonly<Record<string, string>> = {
  index: 'src/index.ts',
  express: 'src/facades/express.ts',
  fastify: 'src/facades/fastify.ts',
  web: 'src/facades/web.ts',
  openai: 'src/facades/openai.ts',
  dispatcher: 'src/facades/dispatcher.ts',
  prometheus: 'src/telemetry/prometheus.ts',
  autoscaling: 'src/autoscaling/index.ts',
  dashboard: 'src/facades/dashboard.ts',
  simulation: 'src/simulation/index.ts',
  testing: 'src/testing/index.ts',
};

/** Every entry point: its path in `dist` without extension, and its source. */
export function entryPoints(): Record<string, string> {
  const entries = { ...NAMED_ENTRIES };
  for (const folder of STRATEGY_FOLDERS) {
    if (!existsSync(`src/${folder}`)) continue;
    for (const file of readdirSync(`src/${folder}`)) {
      const name = file.replace(/\.ts$/, '');
      if (name !== file) entries[`${folder}/${name}`] = `src/${folder}/${file}`;
    }
  }
  return Object.fromEntries(Object.entries(entries).filter(([, source]) => existsSync(source)));
}

/** Loads later by `require`: Jest's CommonJS runtime knows no `import()`, and bundlers follow either. */
const laterByRequire: NonNullable<Options['plugins']>[number] = {
  name: 'later-by-require',
  renderChunk: (code) => ({
    code: code.replace(
      /\bimport\((".+?")\)/g,
      'Promise.resolve().then(() => ((module) => ({ ...module, default: module }))(require($1)))',
    ),
  }),
};

export default defineConfig(() => {
  // Here and not by `clean`: the two builds run side by side and one would sweep away the other's files.
  rmSync('dist', { recursive: true, force: true });
  const shared: Options = {
    entry: entryPoints(),
    target: 'node20',
    platform: 'node',
    dts: true,
    removeNodeProtocol: false,
    sourcemap: false,
    // Chunks are shared, so that a class is the same class from every entry point.
    splitting: true,
    silent: true,
  };
  return [
    // The command is run, never imported: it needs no second build and no entry in the exports.
    { ...shared, format: 'esm', entry: { ...entryPoints(), cli: 'src/cli/main.ts' } },
    // These two are published as ESM alone, which Jest's CommonJS runtime cannot require.
    // With `treeshake`, rollup writes the CommonJS; tsup's own way would also lower the syntax, at a price.
    {
      ...shared,
      format: 'cjs',
      treeshake: true,
      noExternal: ['p-queue', 'eventsource-parser'],
      plugins: [laterByRequire],
    },
  ];
});
