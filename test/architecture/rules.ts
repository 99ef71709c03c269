import { posix } from 'node:path';
import type { SourceFile } from './source-files.js';

const FLOOR = ['errors.ts', 'system.ts'];
const STRATEGIES = ['policies', 'filters', 'scorers', 'pickers', 'retries', 'signals', 'scaling'];
const EFFECTS = ['state', 'transport', 'sse'];
const LOOPS = ['discovery', 'autoscaling', 'telemetry'];
const STRATEGY_PARTS = ['core', ...FLOOR];

/** What each folder, or lone file of `src`, may import beside its own folder. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'errors.ts': [],
  'system.ts': ['core'],
  core: ['errors.ts'],
  ...rows(STRATEGIES, STRATEGY_PARTS),
  // `scored` has scorers by default.
  policies: [...STRATEGY_PARTS, 'scorers'],
  ...rows(EFFECTS, STRATEGY_PARTS),
  balancer: [...STRATEGY_PARTS, ...STRATEGIES, ...EFFECTS],
  // Discovery and autoscaling both ask the Kubernetes API; its client is in `transport`.
  ...rows(LOOPS, [...STRATEGY_PARTS, 'transport', 'balancer']),
  facades: [...STRATEGY_PARTS, 'balancer', ...LOOPS],
  // Runs in the browser; shares the types of the feed with the facade that serves it.
  'dashboard-page': ['core', 'facades'],
  // Beside the facades; an autoscaler runs there as it ships.
  simulation: [...STRATEGY_PARTS, ...STRATEGIES, 'state', 'balancer', 'autoscaling'],
  cli: [...STRATEGY_PARTS, ...STRATEGIES, 'simulation', 'facades'],
  testing: [...STRATEGY_PARTS, ...STRATEGIES, 'state', 'balancer'],
  'index.ts': [...STRATEGY_PARTS, ...STRATEGIES, 'state', 'balancer', 'facades'],
};

/** Packages, and the only places that may import each. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  // The dispatcher facade speaks undici's interface to its callers, as the Fastify plugin speaks Fastify's.
  // Discovery and autoscaling ask other services than endpoints.
  undici: ['transport/', 'facades/dispatch', 'discovery/', 'autoscaling/'],
  'eventsource-parser': ['sse/', 'cli/top-feed.ts'],
  'p-queue': ['state/'],
  opossum: ['state/'],
  'prom-client': ['telemetry/prometheus.ts', 'telemetry/exporter.ts'],
  croner: ['scaling/schedule.ts'],
  yaml: ['discovery/file.ts'],
  fastify: ['facades/fastify.ts'],
  openai: ['facades/openai.ts'],
  uplot: ['dashboard-page/'],
};

/** Folders of pure computation: nothing of Node's own either. */
const PURE = ['core', ...STRATEGIES];

/** opossum has its own timers; its adapter takes them away. The dashboard's page lives in the browser. */
const MAY_TOUCH_TIME = [
  'system.ts',
  'state/opossum-breaker.ts',
  'dashboard-page/connection.ts',
  'dashboard-page/main.ts',
];

const FORBIDDEN_NAMES = /(^|-)(utils?|helpers?|common|managers?|types|misc)$/;

function rows(folders: readonly string[], imports: readonly string[]): Record<string, readonly string[]> {
  return Object.fromEntries(folders.map((folder) => [folder, imports]));
}

/** The folder of a file, or the file itself when it lies directly in `src`. */
function roomOf(path: string): string {
  const slash = path.indexOf('/');
  return slash === -1 ? path : path.slice(0, slash);
}

/** Imports that go up or sideways. */
export function layerBreaches(sources: readonly SourceFile[]): string[] {
  return sources.flatMap(({ path, imports }) => {
    const room = roomOf(path);
    const allowed = MAY_IMPORT[room];
    if (allowed === undefined) return [`${path}: no layer is known for ${room}`];
    return imports
      .filter((imported) => roomOf(imported) !== room && !allowed.includes(roomOf(imported)))
      .map((imported) => `${path} imports ${imported}`);
  });
}

/** Packages imported where they have no business. */
export function packageBreaches(sources: readonly SourceFile[]): string[] {
  return sources.flatMap(({ path, packages }) =>
    packages
      .filter((name) => {
        if (name.startsWith('node:')) return PURE.includes(roomOf(path));
        const homes = PACKAGES[name] ?? [];
        return !homes.some((home) => path.startsWith(home));
      })
      .map((name) => `${path} imports ${name}`),
  );
}

/** Each cycle once, as `a.ts → b.ts → a.ts`. */
export function importCycles(sources: readonly Pick<SourceFile, 'path' | 'imports'>[]): string[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const finished = new Set<string>();
  const cycles: string[] = [];
  const walk = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start !== -1) {
      cycles.push([...trail.slice(start), path].join(' → '));
      return;
    }
    if (finished.has(path)) return;
    for (const imported of byPath.get(path)?.imports ?? []) walk(imported, [...trail, path]);
    finished.add(path);
  };
  for (const { path } of sources) walk(path, []);
  return cycles;
}

/** Cycles between folders of one room; the files that lie in the room itself join them, and do not count. */
export function folderCycles(sources: readonly SourceFile[]): string[] {
  const folders = new Map<string, Set<string>>();
  for (const { path, imports } of sources) {
    const folder = folderOf(path);
    if (folder === undefined) continue;
    const others = folders.get(folder) ?? new Set();
    folders.set(folder, others);
    for (const other of imports.map(folderOf))
      if (other !== undefined && other !== folder && roomOf(other) === roomOf(folder)) others.add(other);
  }
  return importCycles([...folders].map(([path, imports]) => ({ path, imports: [...imports] })));
}

/** `balancer/request` of `balancer/request/race.ts`; none of `balancer/send.ts`. */
function folderOf(path: string): string | undefined {
  const [room, folder, file] = path.split('/');
  return file === undefined ? undefined : `${room}/${folder}`;
}

/** Folders with more files than one can look over. */
export function crowdedFolders(sources: readonly SourceFile[]): string[] {
  const counts = new Map<string, number>();
  for (const { path } of sources) {
    const folder = posix.dirname(path);
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  return [...counts]
    .filter(([folder, count]) => count > (folder === 'core' ? 45 : 25))
    .map(([folder, count]) => `${folder}: ${count} files`);
}

/** Clock, timers and randomness outside the one file that owns them. */
export function impurityBreaches(sources: readonly SourceFile[]): string[] {
  return sources
    .filter(({ path }) => !MAY_TOUCH_TIME.includes(path))
    .flatMap(({ path, impurities }) => impurities.map((impurity) => `${path} uses ${impurity}`));
}

/** `any`, `!`, enums, default exports, console. */
export function typeEscapes(sources: readonly SourceFile[]): string[] {
  return sources.flatMap(({ path, escapes }) => escapes.map((hatch) => `${path}: ${hatch}`));
}

/** Files longer than one idea. */
export function longFiles(sources: readonly SourceFile[]): string[] {
  return sources
    .filter(({ path, lines }) => lines > (path === 'balancer/send.ts' ? 180 : 220))
    .map(({ path, lines }) => `${path}: ${lines} lines`);
}

/** Names that say nothing, or are not kebab-case. */
export function badNames(sources: readonly SourceFile[]): string[] {
  return sources
    .map(({ path }) => path)
    .filter((path) => {
      const name = path.replace(/^.*\//, '').replace(/(\.d)?\.ts$/, '');
      return FORBIDDEN_NAMES.test(name) || !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name);
    });
}
