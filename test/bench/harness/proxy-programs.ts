import { readFileSync } from 'node:fs';
import { startConfigured, versionOf } from '../../faults/rivals/program.js';
import { MEASURED_CORE, pin } from './pin.js';
import type { RunningProxy } from './proxies.js';

/** Programs of the system, by the name of their way. */
const PROGRAMS: Readonly<Record<string, { readonly command: string; readonly template: string }>> = {
  'nginx least_conn': { command: 'nginx', template: 'nginx.conf' },
  'HAProxy leastconn': { command: 'haproxy', template: 'haproxy.cfg' },
};
/** Clock ticks a second of /proc; it is 100 on every Linux. */
const TICKS = 100;
const PAGE = 4096;

export function isProgram(kind: string): boolean {
  return kind in PROGRAMS;
}

/** @throws when there is no such program, or no /proc to tell of it */
export async function startProxyProgram(
  kind: string,
  urls: readonly string[],
  core = MEASURED_CORE,
): Promise<RunningProxy> {
  const program = PROGRAMS[kind];
  if (program === undefined || versionOf(program.command) === undefined) throw new Error(`No ${kind}`);
  const { command, template } = program;
  const nginx = command === 'nginx';
  const front = await startConfigured(command, {
    template: new URL(`../rivals/${template}`, import.meta.url),
    values: {
      servers: urls
        .map((url, index) =>
          nginx ? `server ${new URL(url).host};` : `server s${index} ${new URL(url).host}`,
        )
        .join('\n    '),
    },
    args: (folder) =>
      nginx ? ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr'] : ['-db', '-f', `${folder}/haproxy.cfg`],
  });
  pin(front.pid, core);
  const stat = (file: string) =>
    readFileSync(`/proc/${front.pid}/${file}`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
  return {
    url: front.url,
    headers: {},
    async cpu() {
      // Fields 14 and 15 of proc(5), of which two are cut off.
      const fields = stat('stat');
      return ((Number(fields[11]) + Number(fields[12])) / TICKS) * 1e6;
    },
    memory: async () => Number(stat('statm')[1]) * PAGE,
    stop: async () => front[Symbol.asyncDispose](),
  };
}
