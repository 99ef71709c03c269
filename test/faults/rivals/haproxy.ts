import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Absent, type Contender, MOST_ATTEMPTS, PHASE_LIMIT } from './contender.js';
import { fillIn, freePort, startProgram, versionOf } from './program.js';

const COMMAND = process.env.HAPROXY ?? 'haproxy';

export async function haproxy(): Promise<Contender | Absent> {
  const version = /version ([\d.]+)/.exec(versionOf(COMMAND) ?? '')?.[1];
  if (version === undefined) return { name: 'HAProxy', why: 'not installed' };
  const template = await readFile(new URL('haproxy.cfg', import.meta.url), 'utf8');
  return {
    name: 'HAProxy',
    version,
    async front(urls) {
      const folder = await mkdtemp(join(tmpdir(), 'rivals-'));
      const port = await freePort();
      const servers = urls.map((url, index) => `server s${index} ${new URL(url).host}`);
      const values = { port, servers: servers.join('\n  '), limit: PHASE_LIMIT, retries: MOST_ATTEMPTS - 1 };
      const file = join(folder, 'haproxy.cfg');
      await writeFile(file, fillIn(template, values));
      const program = await startProgram(COMMAND, ['-db', '-f', file], port);
      return {
        url: program.url,
        async [Symbol.asyncDispose]() {
          await program[Symbol.asyncDispose]();
          await rm(folder, { recursive: true });
        },
      };
    },
    async [Symbol.asyncDispose]() {},
  };
}
