import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type Absent, type Contender, PHASE_LIMIT } from './contender.js';
import { freePort, startProgram } from './program.js';

const NAME = '@portkey-ai/gateway';

/**
 * With the @hono/node-server that npm installs for it, version 1.15.2 answers every streamed request with 500: it
 * appends to headers that are read-only there. It gets headers that it may append to, so that its own work is seen.
 */
const MUTABLE_HEADERS = `
  const { fetch, Response } = globalThis;
  globalThis.fetch = async (...request) => {
    const { body, status, statusText, headers } = await fetch(...request);
    return new Response(body, { status, statusText, headers: new Headers(headers) });
  };`;

export async function portkey(): Promise<Contender | Absent> {
  let manifest: string;
  try {
    manifest = createRequire(import.meta.url).resolve(`${NAME}/package.json`);
  } catch {
    return { name: NAME, why: 'not installed' };
  }
  const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string };
  const port = await freePort();
  const args = [
    `--import=data:text/javascript,${encodeURIComponent(MUTABLE_HEADERS)}`,
    join(dirname(manifest), 'build', 'start-server.js'),
    '--headless',
    `--port=${port}`,
  ];
  // It keeps nothing between requests, and is told with each one where to send it: one process does for all.
  const program = await startProgram(process.execPath, args, port);
  return {
    name: NAME,
    version,
    async front(urls) {
      return {
        url: program.url,
        headers: { 'x-portkey-config': JSON.stringify(portkeyConfig(urls)) },
        async [Symbol.asyncDispose]() {},
      };
    },
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  };
}

/** Half of the requests each, the other server as fallback: `loadbalance` alone never asks a second server. */
export function portkeyConfig(urls: readonly string[]): object {
  const targets = urls.map((url) => ({ provider: 'openai', api_key: 'unused', custom_host: `${url}/v1` }));
  return {
    strategy: { mode: 'loadbalance' },
    request_timeout: PHASE_LIMIT,
    retry: { attempts: 1, on_status_codes: [429, 500, 502, 503, 504] },
    targets: targets.map((first) => ({
      strategy: { mode: 'fallback' },
      targets: [first, ...targets.filter((other) => other !== first)],
    })),
  };
}
