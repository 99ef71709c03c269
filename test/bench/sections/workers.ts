import { join } from 'node:path';
import { Child } from '../harness/child.js';
import { type Figures, takeTurns } from '../harness/comparison.js';
import { load } from '../harness/load.js';
import { QUESTION } from '../harness/payload.js';
import { onAllCores } from '../harness/pin.js';
import { CPU, RATE, type Section } from '../harness/section.js';
import { jsonServer } from '../harness/servers.js';

type Measure = (duration: number) => Promise<Figures>;

/** What a second core brings, each worker with a balancer of its own. */
export const workersSection: Section = {
  name: 'workers',
  onlyWhenNamed: true,
  async run(bench) {
    using server = await jsonServer(bench);
    const { urls } = server.ready;
    const children: Disposable[] = [];
    const servers = async (workers: number): Promise<Measure> => {
      const args = [String(workers), JSON.stringify(urls)];
      const child = await onAllCores(() =>
        Child.start<{ url: string }>(join(bench.folder, 'cluster-server.mjs'), args),
      );
      children.push(child);
      return async (duration) => {
        const before = await child.ask<number>('cpu');
        const { requests, rate } = await load({
          url: child.ready.url,
          headers: {},
          body: QUESTION,
          duration,
        });
        return { rate, cpu: ((await child.ask<number>('cpu')) - before) / requests };
      };
    };
    const callers = async (threads: number): Promise<Measure> => {
      const args = [JSON.stringify({ threads, urls })];
      const child = await onAllCores(() => Child.start(join(bench.folder, 'client-threads.mjs'), args));
      children.push(child);
      return (duration) => child.ask<Figures>(String(duration));
    };
    try {
      const ways: Readonly<Record<string, Measure>> = {
        'Express, 1 worker': await servers(1),
        'Express, 2 workers of node:cluster': await servers(2),
        'balancer.fetch, 1 thread': await callers(1),
        'balancer.fetch, 2 threads': await callers(2),
      };
      return {
        title: 'Two workers',
        note: 'Not kept to a core of their own. Where there are two cores, load and servers share one of them with the workers, so that twice as many requests cannot be.',
        columns: [RATE, CPU],
        rounds: await takeTurns(Object.keys(ways), bench.options, (way) => {
          const measure = ways[way];
          if (measure === undefined) throw new Error(`No such way: ${way}`);
          return measure(bench.options.turn);
        }),
        checks: [
          { way: 'Express, 2 workers of node:cluster', figure: 'rate', against: 'Express, 1 worker' },
          { way: 'balancer.fetch, 2 threads', figure: 'rate', against: 'balancer.fetch, 1 thread' },
        ],
      };
    } finally {
      for (const child of children) child[Symbol.dispose]();
    }
  },
};
