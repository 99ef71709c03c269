import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Absent, type Contender, MOST_ATTEMPTS, PHASE_LIMIT } from './contender.js';
import { fillIn, freePort, startProgram, versionOf } from './program.js';

const COMMAND = process.env.NGINX ?? 'nginx';

export async function nginx(): Promise<Contender | Absent> {
  const version = /nginx\/(\S+)/.exec(versionOf(COMMAND) ?? '')?.[1];
  if (version === undefined) return { name: 'nginx', why: 'not installed' };
  const template = await readFile(new URL('nginx.conf', import.meta.url), 'utf8');
  return {
    name: 'nginx',
    version,
    async front(urls) {
      const folder = await mkdtemp(join(tmpdir(), 'rivals-'));
      const port = await freePort();
      const servers = urls.map((url) => `server ${new URL(url).host} max_fails=5 fail_timeout=5s;`);
      const values = { port, servers: servers.join('\n    '), limit: PHASE_LIMIT, attempts: MOST_ATTEMPTS };
      await writeFile(join(folder, 'nginx.conf'), fillIn(template, values));
      const program = await startProgram(COMMAND, ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr'], port);
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
