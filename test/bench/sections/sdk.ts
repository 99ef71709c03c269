import { measureClients } from '../harness/clients.js';
import { CPU, P50, P99, RATE, type Section } from '../harness/section.js';
import { jsonServer } from '../harness/servers.js';

const OURS = 'OpenAI client with balancer.fetch';
const ALONE = 'OpenAI client';

/** What an application that uses the OpenAI client gains. */
export const sdkSection: Section = {
  name: 'sdk',
  async run(bench) {
    using server = await jsonServer(bench);
    const { urls } = server.ready;
    return {
      title: 'OpenAI client',
      note: 'Version 6 on Node 20, version 7 from Node 22 on; alone it uses the global `fetch`.',
      columns: [RATE, CPU, P50, P99],
      rounds: await measureClients(bench, {
        [OURS]: { way: OURS, urls },
        [ALONE]: { way: ALONE, urls },
      }),
      checks: [
        {
          way: OURS,
          figure: 'rate',
          against: ALONE,
          atLeast: Number(process.versions.node.split('.')[0]) >= 22 ? 1.9 : 2.5,
        },
        { way: OURS, figure: 'cpu', against: ALONE },
      ],
    };
  },
};
