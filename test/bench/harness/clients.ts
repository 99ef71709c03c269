import { join } from 'node:path';
import type { ClientTask } from '../processes/client.js';
import { Child } from './child.js';
import { type Figures, type Rounds, takeTurns } from './comparison.js';
import { MEASURED_CORE, pin } from './pin.js';
import type { Bench } from './section.js';

/** Ways to call that an application has, each in a process of its own, in turns. */
export async function measureClients(
  bench: Bench,
  tasks: Readonly<Record<string, ClientTask>>,
): Promise<Rounds> {
  const clients = new Map<string, Child<unknown>>();
  try {
    for (const [name, task] of Object.entries(tasks)) {
      const client = await Child.start(join(bench.folder, 'client.mjs'), [JSON.stringify(task)]);
      pin(client.pid, MEASURED_CORE);
      clients.set(name, client);
    }
    return await takeTurns([...clients.keys()], bench.options, async (name) => {
      const client = clients.get(name);
      if (client === undefined) throw new Error(`No such client: ${name}`);
      const { turn, requests } = bench.options;
      return client.ask<Figures>(requests === undefined ? String(turn) : `requests ${requests}`);
    });
  } finally {
    for (const client of clients.values()) client[Symbol.dispose]();
  }
}
