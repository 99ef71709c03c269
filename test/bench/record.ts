import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { versionOf } from '../faults/rivals/program.js';
import { ROOT } from './harness/package-build.js';
import { CORES } from './harness/pin.js';
import type { Summary } from './report.js';
import { SECTIONS } from './sections/index.js';

const FOLDER = join(ROOT, 'docs/benchmarks');
const PACKAGES = [
  'undici',
  'openai',
  'openai7',
  'express',
  'fastify',
  '@hono/node-server',
  '@fastify/http-proxy',
  '@fastify/reply-from',
  'http-proxy-middleware',
  '@portkey-ai/gateway',
];

/** A section's figures, and of which day. */
export interface DatedSummary extends Summary {
  readonly date: string;
}

/** What was measured last under one Node: each section when it last ran. */
export interface NodeRecord {
  readonly node: string;
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly sections: readonly DatedSummary[];
}

/** Of every Node there is a record of, by version. */
export function readRecords(): readonly NodeRecord[] {
  if (!existsSync(FOLDER)) return [];
  return (
    readdirSync(FOLDER)
      .filter((name) => /^node\d+\.json$/.test(name))
      .sort()
      // JSON has no NaN: what could not be measured came back as `null`, and is left out.
      .map((name) =>
        JSON.parse(readFileSync(join(FOLDER, name), 'utf8'), (_key, value) => value ?? undefined),
      )
  );
}

/** Puts what was measured now in the place of what was measured before, under this major version of Node. */
export async function keep(summaries: readonly Summary[]): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  const node = process.versions.node;
  const major = node.replace(/\..*/, '');
  const before = readRecords().find((one) => one.node.startsWith(`${major}.`))?.sections ?? [];
  const date = new Date().toISOString().slice(0, 10);
  const sections = SECTIONS.flatMap(({ name }): DatedSummary[] => {
    const now = summaries.find((summary) => summary.name === name);
    const kept = before.find((summary) => summary.name === name);
    return now !== undefined ? [{ ...now, date }] : kept !== undefined ? [kept] : [];
  });
  const record: NodeRecord = { node, machine: machine(), versions: versions(), sections };
  await writeFile(join(FOLDER, `node${major}.json`), `${JSON.stringify(record, undefined, 2)}\n`);
}

export function machine(): string {
  return `${CORES} cores of ${cpus()[0]?.model ?? 'an unknown processor'}`;
}

function versions(): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of PACKAGES) {
    const manifest = readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8');
    found[name] = JSON.parse(manifest).version;
  }
  const nginx = /nginx\/(\S+)/.exec(versionOf('nginx') ?? '')?.[1];
  const haproxy = /version ([\d.]+)/.exec(versionOf('haproxy') ?? '')?.[1];
  return { ...found, ...(nginx && { nginx }), ...(haproxy && { HAProxy: haproxy }) };
}
