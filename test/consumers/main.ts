/**
 * The packed library in users' projects, with packages from the registry: compilers, bundlers and frameworks,
 * the newest there are. One line a project; the last one is the tally.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockLlmServer } from '../../src/testing/index.js';
import { packPackage } from '../support/packed-package.js';
import { Place, type Project } from './project.js';
import { bundleProjects } from './projects/bundles.js';
import { frameworkProjects } from './projects/frameworks.js';
import { peerProjects } from './projects/peers.js';
import { COMPILERS, typescriptProjects } from './projects/typescript.js';

const PROJECTS: readonly Project[] = [
  ...peerProjects,
  ...typescriptProjects,
  ...bundleProjects,
  ...frameworkProjects,
];
const PACKAGES = [
  ...Object.entries(COMPILERS).map(([name, range]) => `${name}@npm:typescript@${range}`),
  '@types/node@20',
  'esbuild',
  'webpack',
  'next',
  'react',
  'react-dom',
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/platform-express',
  'reflect-metadata',
  'rxjs',
  'openai',
  'fastify@5',
  'prom-client@15',
  'yaml@2',
];

const wanted = process.argv.slice(2);
const chosen = PROJECTS.filter(
  ({ name }) => wanted.length === 0 || wanted.some((word) => name.includes(word)),
);
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'evenkeel-consumers-')));
const server = await MockLlmServer.start();
let failed = 0;
try {
  const { tarball } = packPackage(folder);
  for (const installed of new Set(chosen.map((project) => project.installed)))
    install(join(folder, installed), [tarball, ...(installed === 'all' ? PACKAGES : [])]);
  for (const [index, project] of chosen.entries()) await tell(project, index);
} finally {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
console.log(`\n${chosen.length - failed} passed, ${failed} failed`);
if (failed > 0 || chosen.length === 0) process.exitCode = 1;

function install(place: string, packages: readonly string[]): void {
  const began = performance.now();
  mkdirSync(place);
  writeFileSync(join(place, 'package.json'), '{"private":true}');
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error', '--legacy-peer-deps'];
  execFileSync('npm', ['install', ...quiet, ...packages], {
    cwd: place,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  console.log(`      installed ${packages.length} packages and theirs (${seconds(began)})`);
}

async function tell(project: Project, index: number): Promise<void> {
  const began = performance.now();
  const place = new Place(join(folder, project.installed, 'projects', String(index)), {
    url: server.url,
    text: server.completionText(),
  });
  place.write(project.files);
  try {
    const more = await project.run(place);
    console.log(`ok    ${project.name} (${more === '' ? '' : `${more}; `}${seconds(began)})`);
  } catch (error) {
    failed++;
    console.log(`FAIL  ${project.name} (${seconds(began)})\n${String(error).replace(/^/gm, '      ')}`);
  }
}

function seconds(began: number): string {
  return `${((performance.now() - began) / 1000).toFixed(1)} s`;
}
