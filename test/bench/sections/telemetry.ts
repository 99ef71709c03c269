import { join } from 'node:path';
import { Child } from '../harness/child.js';
import { type Figures, takeTurns } from '../harness/comparison.js';
import { MEASURED_CORE, pin } from '../harness/pin.js';
import { CPU, RATE, type Section } from '../harness/section.js';
import { jsonServer } from '../harness/servers.js';
import type { TelemetryTurn } from '../processes/telemetry.js';

/** Turns are short, and many: what is looked for is smaller than what a machine does by itself. */
const SHARE_OF_TURN = 1 / 3;

/** What it costs to watch, against a balancer that nobody watches: one and the same, in one process. */
export const telemetrySection: Section = {
  name: 'telemetry',
  async run(bench) {
    using server = await jsonServer(bench);
    using client = await Child.start<readonly string[]>(join(bench.folder, 'telemetry.mjs'), [
      JSON.stringify(server.ready.urls),
    ]);
    pin(client.pid, MEASURED_CORE);
    const { rounds, warmUp, turn, smoke } = bench.options;
    const times = smoke ? 1 : 1 / SHARE_OF_TURN;
    const milliseconds = smoke ? turn : turn * SHARE_OF_TURN;
    return {
      title: 'Telemetry',
      note: '`balancer.fetch`. Off: nothing attached, as by default. Metrics: `prometheusMetrics(balancer)`. Events: an observer that hears all of them. Records: the same with `records: true`.',
      columns: [RATE, CPU],
      rounds: await takeTurns(
        client.ready,
        { rounds: rounds * times, warmUp: warmUp * times },
        async (way) => {
          const asked: TelemetryTurn = { way, milliseconds };
          return client.ask<Figures>(JSON.stringify(asked));
        },
      ),
      checks: [
        { way: 'metrics', figure: 'cpu', against: 'off' },
        { way: 'metrics and events', figure: 'cpu', against: 'off', atMost: 1.05 },
        { way: 'metrics, events and records', figure: 'cpu', against: 'off' },
      ],
    };
  },
};
