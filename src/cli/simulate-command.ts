import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { compare } from '../simulation/compare.js';
import { htmlReport } from '../simulation/report/html-report.js';
import { jsonReport } from '../simulation/report/json-report.js';
import { textReport } from '../simulation/report/text-report.js';
import { generateTrace } from '../simulation/trace/generate-trace.js';
import { readTrace } from '../simulation/trace/read-trace.js';
import type { Trace } from '../simulation/trace/trace.js';
import type { TraceShapeName } from '../simulation/trace/trace-shapes.js';
import type { CommandStreams } from './command-streams.js';
import { DEFAULT_POLICIES, policiesNamed } from './named-policies.js';
import { ProgressBar } from './progress-bar.js';
import { USAGE } from './usage.js';
import { UsageError } from './usage-error.js';

const text = { type: 'string' } as const;
const OPTIONS = {
  fleet: text,
  policies: text,
  load: text,
  clients: text,
  seeds: text,
  requests: text,
  shape: text,
  'first-token': text,
  'token-interval': text,
  json: text,
  html: text,
  quiet: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** `evenkeel simulate`: reads or makes a trace, runs every policy over it, writes what came of it. */
export async function simulateCommand(words: readonly string[], streams: CommandStreams): Promise<void> {
  const { values, positionals } = parseArgs({ args: [...words], options: OPTIONS, allowPositionals: true });
  if (values.help === true) {
    streams.stdout.write(USAGE);
    return;
  }
  if (positionals.length > 1) throw new UsageError(`one trace at a time; got ${positionals.join(', ')}`);
  const requests = number('requests', values.requests);
  const trace = await traceOf(positionals[0], values.shape, requests);
  const policies = await policiesNamed(values.policies ?? DEFAULT_POLICIES);
  const bar = new ProgressBar(streams.stderr, values.quiet !== true);
  const load = values.load === 'trace' ? undefined : (number('load', values.load) ?? 0.8);
  const clients = number('clients', values.clients);
  const seeds = number('seeds', values.seeds);
  const firstToken = number('first-token', values['first-token']);
  const tokenInterval = number('token-interval', values['token-interval']);
  const rows = await compare({
    trace,
    policies,
    fleet: values.fleet ?? 'a100:3,t4,t4',
    ...(load !== undefined && { load }),
    ...(clients !== undefined && { clients }),
    ...(seeds !== undefined && { seeds }),
    objective: {
      ...(firstToken !== undefined && { firstToken }),
      ...(tokenInterval !== undefined && { tokenInterval }),
    },
    onProgress: (done) => bar.show(done),
  }).finally(() => bar.clear());
  streams.stdout.write(textReport(rows));
  if (values.json !== undefined) await writeFile(values.json, jsonReport(rows));
  if (values.html !== undefined) await writeFile(values.html, htmlReport(rows));
}

/** A number as typed; what it must be is for `compare` to say. */
function number(option: string, typed: string | undefined): number | undefined {
  if (typed === undefined) return undefined;
  const value = Number(typed);
  if (typed.trim() === '' || Number.isNaN(value))
    throw new UsageError(`--${option} must be a number; got "${typed}"`);
  return value;
}

async function traceOf(
  file: string | undefined,
  shape: string | undefined,
  requests: number | undefined,
): Promise<Trace | ((seed: number) => Trace)> {
  if (file === undefined) {
    const like = (shape ?? 'chat') as TraceShapeName;
    return (seed) => generateTrace({ shape: like, seed, ...(requests !== undefined && { requests }) });
  }
  if (shape !== undefined) throw new UsageError('--shape is for a generated trace; leave out the file');
  const trace = await readFile(file, 'utf8')
    .then(readTrace)
    .catch((error: unknown) => {
      throw new Error(`${file}: ${error instanceof Error ? error.message : error}`);
    });
  return { ...trace, requests: trace.requests.slice(0, requests) };
}
