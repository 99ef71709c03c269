import { join } from 'node:path';
import { Child } from '../harness/child.js';
import { type Figures, takeTurns } from '../harness/comparison.js';
import { MEASURED_CORE, pin } from '../harness/pin.js';
import type { Section } from '../harness/section.js';
import { jsonServer } from '../harness/servers.js';
import type { DashboardTurn } from '../processes/dashboard.js';

const WATCHED = 'one viewer';
const ALONE = 'nobody looks';
/** Updates are told once a second: a turn is as long as some of them. */
const TURN = 5_000;

/** What the dashboard's feed costs while somebody looks. */
export const dashboardSection: Section = {
  name: 'dashboard',
  async run(bench) {
    using server = await jsonServer(bench);
    using client = await Child.start(join(bench.folder, 'dashboard.mjs'), [
      JSON.stringify(server.ready.urls),
    ]);
    pin(client.pid, MEASURED_CORE);
    const { rounds, smoke } = bench.options;
    const milliseconds = smoke ? 1_000 : TURN;
    return {
      title: "The dashboard's feed",
      note: 'A balancer of a hundred endpoints and about ten requests a second, with a viewer of its dashboard in the same process and without; an update a second, as by default.',
      columns: [{ figure: 'core', title: '% of a core', digits: 2 }],
      rounds: await takeTurns([WATCHED, ALONE], { rounds, warmUp: 1 }, async (way) => {
        const asked: DashboardTurn = { watched: way === WATCHED, milliseconds };
        return client.ask<Figures>(JSON.stringify(asked));
      }),
      checks: [{ way: WATCHED, figure: 'core', against: ALONE, by: 'difference', atMost: 1 }],
    };
  },
};
