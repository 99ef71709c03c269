import { join } from 'node:path';
import { Child } from '../harness/child.js';
import { takeTurns } from '../harness/comparison.js';
import type { Section } from '../harness/section.js';
import { sseServer } from '../harness/servers.js';

const OURS = 'balancer.fetch';
const BARE = 'least outstanding of three Pools';
const STREAMS = 10_000;

/** What the streams of an application that calls hold. */
export const heldSection: Section = {
  name: 'held',
  onlyWhenNamed: true,
  async run(bench) {
    const streams = bench.options.smoke ? 500 : STREAMS;
    const rounds = Math.min(3, bench.options.rounds);
    return {
      title: `${streams.toLocaleString('en')} streams held open by one application`,
      note: 'One token read of each, then silence. Resident memory beside that of the same process before, after a collection of garbage. A new process each round.',
      columns: [{ figure: 'memory', title: 'kB a stream', digits: 1 }],
      rounds: await takeTurns([OURS, 'global fetch', BARE], { rounds, warmUp: 0 }, async (way) => {
        using server = await sseServer(bench, 'idle');
        const args = [way, JSON.stringify(server.ready.urls)];
        using holder = await Child.start(join(bench.folder, 'holder.mjs'), args, ['--expose-gc']);
        // What is loaded with the first requests is not counted.
        const before = await holder.ask<number>('50');
        return { memory: ((await holder.ask<number>(String(streams))) - before) / streams / 1000 };
      }),
      checks: [{ way: OURS, figure: 'memory', against: BARE }],
    };
  },
};
