import { type Absent, type Contender, MOST_ATTEMPTS, PHASE_LIMIT } from './contender.js';
import { startConfigured, versionOf } from './program.js';

export async function nginx(): Promise<Contender | Absent> {
  const version = /nginx\/(\S+)/.exec(versionOf('nginx') ?? '')?.[1];
  if (version === undefined) return { name: 'nginx', why: 'not installed' };
  return {
    name: 'nginx',
    version,
    front(urls) {
      const servers = urls.map((url) => `server ${new URL(url).host} max_fails=5 fail_timeout=5s;`);
      return startConfigured('nginx', {
        template: 'nginx.conf',
        values: { servers: servers.join('\n    '), limit: PHASE_LIMIT, attempts: MOST_ATTEMPTS },
        args: (folder) => ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr'],
      });
    },
    async [Symbol.asyncDispose]() {},
  };
}
