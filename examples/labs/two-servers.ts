/**
 * Lab 1: two model servers, one half as fast as the other, behind the balancer with least connections (which is
 * `leastOutstanding`, the default), and behind nginx with `least_conn`; twenty users ask at the same time, over real
 * sockets. The servers are mocks of continuous batching that run five times as fast as life. Without nginx on this
 * machine its half is left out.
 *
 *     npx tsx examples/labs/two-servers.ts
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { LoadBalancer } from 'evenkeel';
import { MockLlmServer } from 'evenkeel/testing';

type Fetch = (path: string, init: RequestInit) => Promise<Response>;

export interface LabResult {
  readonly answered: number;
  readonly fastShare: number;
  /** Longest of 95 in 100, in ms of the compressed time. */
  readonly p95: number;
}

/** @param speed times as fast as the slower one */
function startServer(name: string, speed: number): Promise<MockLlmServer> {
  const service = { slots: 8, stepTime: 40 / speed, stepTimePerSequence: 2, timeScale: 0.2 };
  return MockLlmServer.start({ name, tokens: 24, service });
}

/** Users who ask one question after the other, and read each answer to its end. */
async function load(fetch: Fetch, users: number, questions: number): Promise<LabResult> {
  const times: number[] = [];
  let fast = 0;
  const ask = async (): Promise<void> => {
    const start = performance.now();
    const answer = await fetch('/v1/chat/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'm',
        stream: true,
        messages: [{ role: 'user', content: 'What is new?' }],
      }),
    });
    await answer.text();
    if (answer.status !== 200) return;
    times.push(performance.now() - start);
    if (answer.headers.get('x-mock-server') === 'fast') fast++;
  };
  const user = async (): Promise<void> => {
    for (let question = 0; question < questions; question++) await ask();
  };
  await Promise.all(Array.from({ length: users }, user));
  times.sort((one, other) => one - other);
  const p95 = times[Math.ceil(0.95 * times.length) - 1] ?? Number.NaN;
  return { answered: times.length, fastShare: fast / times.length, p95 };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** nginx in front of the servers, in a folder of its own; `undefined` where it is not installed. */
async function startNginx(servers: readonly MockLlmServer[]) {
  if (spawnSync('nginx', ['-v']).error !== undefined) return undefined;
  const folder = await mkdtemp(join(tmpdir(), 'evenkeel-lab-'));
  const port = await freePort();
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${kind};`,
  );
  await writeFile(
    join(folder, 'nginx.conf'),
    `daemon off; worker_processes 1; pid nginx.pid; error_log stderr error;
    events {}
    http {
      access_log off; ${temporary.join(' ')}
      upstream llm { least_conn; ${servers.map(({ url }) => `server ${new URL(url).host};`).join(' ')} keepalive 32; }
      server {
        listen 127.0.0.1:${port};
        location / {
          proxy_pass http://llm; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off;
        }
      }
    }`,
  );
  const child = spawn('nginx', ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr'], { stdio: 'ignore' });
  const exit = once(child, 'exit');
  const url = `http://127.0.0.1:${port}`;
  // It says nothing when it listens: asked until it answers, for ten seconds at most.
  for (let tries = 0; tries < 200 && child.exitCode === null; tries++) {
    if (
      await fetch(`${url}/health`).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      break;
    await sleep(50);
  }
  return {
    url,
    async stop() {
      child.kill();
      await exit;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export async function twoServers({ users = 20, questions = 10 } = {}) {
  const servers = [await startServer('fast', 2), await startServer('slow', 1)];
  const balancer = new LoadBalancer({ endpoints: servers.map(({ name, url }) => ({ id: name, url })) });
  const evenkeel = await load((path, init) => balancer.fetch(path, init), users, questions);
  await balancer.close();
  const front = await startNginx(servers);
  const nginx = front && (await load((path, init) => fetch(`${front.url}${path}`, init), users, questions));
  await front?.stop();
  for (const server of servers) await server.stop();
  return { evenkeel, nginx };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const results = await twoServers();
  for (const [name, result] of Object.entries(results)) {
    if (result === undefined) console.log(`${name}: not installed, left out`);
    else
      console.log(
        `${name}: ${result.answered} answered, ${(100 * result.fastShare).toFixed(0)} % by the fast one,`,
        `p95 ${result.p95.toFixed(0)} ms`,
      );
  }
}
