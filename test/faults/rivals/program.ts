import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Front } from './contender.js';

/** How long a program may take until it accepts connections, in ms. */
const START_LIMIT = 20_000;

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill();
});

/** A front that is a process. */
export interface RunningProgram extends Front {
  readonly pid: number;
}

/** What a program prints for `-v`; `undefined` when there is no such program. */
export function versionOf(command: string): string | undefined {
  const { error, stdout, stderr } = spawnSync(command, ['-v'], { encoding: 'utf8' });
  return error === undefined ? `${stdout}${stderr}` : undefined;
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Starts a program that listens on that port of 127.0.0.1, and waits until it does. */
export async function startProgram(
  command: string,
  args: readonly string[],
  port: number,
): Promise<RunningProgram> {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  running.add(child);
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text;
  });
  const exit = once(child, 'exit').finally(() => running.delete(child));
  const end = Date.now() + START_LIMIT;
  while (!(await accepts(port))) {
    if (child.exitCode !== null || Date.now() > end) {
      child.kill();
      throw new Error(`${command} does not listen: ${complaints}`);
    }
    // A foreign program does not say that it listens: there is no event to wait for.
    await sleep(10);
  }
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    async [Symbol.asyncDispose]() {
      child.kill();
      await exit;
    },
  };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
      .once('connect', () => {
        socket.destroy();
        resolve(true);
      })
      .once('error', () => resolve(false));
  });
}

/**
 * Starts a program with a configuration of its own.
 *
 * @param template file beside this one, or its url; `{{name}}` stands for a value, `{{port}}` for where it shall listen
 * @param args for a folder that holds the configuration, under the name of the template
 */
export async function startConfigured(
  command: string,
  { template, values, args }: Configuration,
): Promise<RunningProgram> {
  const folder = await mkdtemp(join(tmpdir(), 'rivals-'));
  const port = await freePort();
  const file = new URL(template, import.meta.url);
  const text = await readFile(file, 'utf8');
  const filled = text.replace(/\{\{(\w+)\}\}/g, (_, name: string) => String({ ...values, port }[name]));
  await writeFile(join(folder, basename(file.pathname)), filled);
  const program = await startProgram(command, args(folder), port);
  return {
    ...program,
    async [Symbol.asyncDispose]() {
      await program[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

interface Configuration {
  readonly template: string | URL;
  readonly values: Readonly<Record<string, string | number>>;
  readonly args: (folder: string) => readonly string[];
}
