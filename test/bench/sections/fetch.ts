import { measureClients } from '../harness/clients.js';
import { CPU, P50, P99, RATE, type Section } from '../harness/section.js';
import { jsonServer } from '../harness/servers.js';

const OURS = 'balancer.fetch';
const GLOBAL = 'global fetch';
const WRAPPED = 'Pool.request in a Response';

/** Ours, the one that everybody has, and the fastest that a `fetch` on undici can be. */
export const fetchSection: Section = {
  name: 'fetch',
  async run(bench) {
    using server = await jsonServer(bench);
    const { urls } = server.ready;
    return {
      title: '`balancer.fetch`',
      note: 'All options at their defaults, three endpoints; `fetch` sends to one of them. The bare wrapper picks the least outstanding of three pools and makes a `Response` of the text.',
      columns: [RATE, CPU, P50, P99],
      rounds: await measureClients(bench, {
        [OURS]: { way: OURS, urls },
        [GLOBAL]: { way: GLOBAL, urls },
        [WRAPPED]: { way: WRAPPED, urls },
      }),
      checks: [
        { way: OURS, figure: 'rate', against: GLOBAL, atLeast: 3.5 },
        { way: OURS, figure: 'rate', against: WRAPPED, atLeast: 0.9 },
        { way: OURS, figure: 'cpu', against: GLOBAL },
        { way: OURS, figure: 'cpu', against: WRAPPED },
      ],
    };
  },
};
