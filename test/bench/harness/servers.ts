import { join } from 'node:path';
import { Child } from './child.js';
import { LOAD_CORE, pin } from './pin.js';
import type { Bench } from './section.js';

export type Server = Child<{ readonly urls: readonly string[] }>;

/** The server that answers with JSON, beside the load. */
export function jsonServer(bench: Bench): Promise<Server> {
  return server(bench, 'json-server', []);
}

/** The server that streams, beside the load. */
export function sseServer(bench: Bench, way: 'whole' | 'paced' | 'idle'): Promise<Server> {
  return server(bench, 'sse-server', [way]);
}

async function server({ folder }: Bench, name: string, args: readonly string[]): Promise<Server> {
  const child: Server = await Child.start(join(folder, `${name}.mjs`), args);
  pin(child.pid, LOAD_CORE);
  return child;
}
