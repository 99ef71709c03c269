import { join } from 'node:path';
import { type Absent, type Contender, MOST_ATTEMPTS, PHASE_LIMIT } from './contender.js';
import { startConfigured, versionOf } from './program.js';

export async function haproxy(): Promise<Contender | Absent> {
  const version = /version ([\d.]+)/.exec(versionOf('haproxy') ?? '')?.[1];
  if (version === undefined) return { name: 'HAProxy', why: 'not installed' };
  return {
    name: 'HAProxy',
    version,
    front(urls) {
      const servers = urls.map((url, index) => `server s${index} ${new URL(url).host}`);
      return startConfigured('haproxy', {
        template: 'haproxy.cfg',
        values: { servers: servers.join('\n  '), limit: PHASE_LIMIT, retries: MOST_ATTEMPTS - 1 },
        args: (folder) => ['-db', '-f', join(folder, 'haproxy.cfg')],
      });
    },
    async [Symbol.asyncDispose]() {},
  };
}
