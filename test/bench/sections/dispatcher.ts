import { measureClients } from '../harness/clients.js';
import { CPU, P50, P99, RATE, type Section } from '../harness/section.js';
import { jsonServer } from '../harness/servers.js';

export const DISPATCHER = 'BalancedDispatcher';
export const BARE_PICK = 'least outstanding of three Pools';

/** What balancing costs where nothing else is added: undici against undici. */
export const dispatcherSection: Section = {
  name: 'dispatcher',
  async run(bench) {
    using server = await jsonServer(bench);
    const { urls } = server.ready;
    return {
      title: '`BalancedDispatcher`',
      note: '`request()` through the dispatcher beside `request()` of the pool that a ten-line pick chooses, which neither retries nor counts.',
      columns: [RATE, CPU, P50, P99],
      rounds: await measureClients(bench, {
        [DISPATCHER]: { way: DISPATCHER, urls },
        [BARE_PICK]: { way: BARE_PICK, urls },
      }),
      checks: [
        { way: DISPATCHER, figure: 'rate', against: BARE_PICK, atLeast: 0.9 },
        { way: DISPATCHER, figure: 'cpu', against: BARE_PICK, atMost: 1.1 },
      ],
    };
  },
};
