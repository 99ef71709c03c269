import { join } from 'node:path';
import { Child } from '../harness/child.js';
import type { Figures } from '../harness/comparison.js';
import { MEASURED_CORE, pin } from '../harness/pin.js';
import { CPU, RATE, type Section } from '../harness/section.js';
import { jsonServer } from '../harness/servers.js';
import type { TelemetryRound } from '../processes/telemetry.js';

/** What it costs to watch, against a balancer that nobody watches: one and the same, in one process. */
export const telemetrySection: Section = {
  name: 'telemetry',
  async run(bench) {
    using server = await jsonServer(bench);
    using client = await Child.start(join(bench.folder, 'telemetry.mjs'), [
      JSON.stringify(server.ready.urls),
    ]);
    pin(client.pid, MEASURED_CORE);
    const { rounds, warmUp, turn } = bench.options;
    const asked: TelemetryRound = { milliseconds: turn };
    const round = () => client.ask<Record<string, Figures>>(JSON.stringify(asked));
    for (let turn = 0; turn < warmUp; turn++) await round();
    const measured: Record<string, Figures>[] = [];
    while (measured.length < rounds) measured.push(await round());
    return {
      title: 'Telemetry',
      note: '`balancer.fetch`. Off: nothing attached, as by default. Metrics: `prometheusMetrics(balancer)`. Events: an observer that hears all of them. Records: the same with `records: true`.',
      columns: [RATE, CPU],
      rounds: measured,
      checks: [
        { way: 'metrics', figure: 'cpu', against: 'off' },
        { way: 'metrics and events', figure: 'cpu', against: 'off', atMost: 1.05 },
        { way: 'metrics, events and records', figure: 'cpu', against: 'off' },
      ],
    };
  },
};
