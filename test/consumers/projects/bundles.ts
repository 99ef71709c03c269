import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expectText, ONE_REQUEST, type Place, type Project } from '../project.js';

const MAIN = `import { LoadBalancer } from 'evenkeel'; ${ONE_REQUEST} oneRequest(LoadBalancer);`;

const ESBUILD = `
require('esbuild').buildSync({
  entryPoints: ['main.mjs'], outfile: 'out/main.cjs', bundle: true, minify: true, platform: 'node', target: 'node20',
});
`;

const WEBPACK = `
const webpack = require('webpack');
webpack({
  mode: 'production', target: 'node20', entry: './main.mjs', output: { path: __dirname + '/out', filename: 'main.cjs' },
}, (error, stats) => {
  if (error) throw error;
  if (stats.hasErrors() || stats.hasWarnings()) { console.log(stats.toString('errors-warnings')); process.exitCode = 1; }
});
`;

/** A bundle must hold all that it needs: it is run where no package is in reach. */
async function runAlone(place: Place): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'evenkeel-bundle-'));
  try {
    expectText(await place.moved(folder, 'out').node('main.cjs'), `200 a ${place.text}`);
    const sizes = readdirSync(folder).map((file) => statSync(join(folder, file)).size);
    return `${Math.round(sizes.reduce((sum, size) => sum + size, 0) / 1000)} kB in ${sizes.length} files`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export const bundleProjects: readonly Project[] = [
  {
    name: 'esbuild',
    installed: 'all',
    files: { 'main.mjs': MAIN, 'build.cjs': ESBUILD },
    async run(place) {
      await place.node('build.cjs');
      return runAlone(place);
    },
  },
  {
    name: 'webpack',
    installed: 'all',
    files: { 'main.mjs': MAIN, 'build.cjs': WEBPACK },
    async run(place) {
      await place.node('build.cjs');
      return runAlone(place);
    },
  },
];
