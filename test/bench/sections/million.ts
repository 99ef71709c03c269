import { join } from 'node:path';
import { Child } from '../harness/child.js';
import type { Figures } from '../harness/comparison.js';
import { MEASURED_CORE, pin } from '../harness/pin.js';
import type { Section } from '../harness/section.js';
import { jsonServer } from '../harness/servers.js';

const WAYS = ['balancer.fetch', 'BalancedDispatcher'];
/** Requests so far, at which memory is looked at. */
const STEPS = [100_000, 250_000, 500_000, 750_000, 1_000_000];

/** Whether a process stays as large as it was. */
export const millionSection: Section = {
  name: 'million',
  onlyWhenNamed: true,
  async run(bench) {
    using server = await jsonServer(bench);
    const steps = bench.options.smoke ? STEPS.map((step) => step / 100) : STEPS;
    const title = (way: string, requests: number) => `${way}, ${requests.toLocaleString('en')} requests`;
    const round: Record<string, Figures> = {};
    for (const way of WAYS) {
      const task = JSON.stringify({ way, urls: server.ready.urls });
      using client = await Child.start(join(bench.folder, 'client.mjs'), [task], ['--expose-gc']);
      pin(client.pid, MEASURED_CORE);
      let sent = 0;
      for (const step of steps) {
        await client.ask(`requests ${step - sent}`);
        sent = step;
        round[title(way, step)] = await client.ask<Figures>('memory');
      }
    }
    const [first = 0, last = 0] = [steps[0], steps.at(-1)];
    return {
      title: `${last.toLocaleString('en')} requests`,
      note: 'What is in use in one process after so many requests, garbage collected.',
      columns: [
        { figure: 'heap', title: 'heap MB', digits: 2 },
        { figure: 'rss', title: 'resident MB', digits: 0 },
      ],
      rounds: [round],
      checks: WAYS.map((way) => ({
        way: title(way, last),
        figure: 'heap',
        against: title(way, first),
        atMost: 1.05,
      })),
    };
  },
};
