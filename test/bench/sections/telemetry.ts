import { join } from 'node:path';
import { Child } from '../harness/child.js';
import type { Figures } from '../harness/comparison.js';
import { MEASURED_CORE, pin } from '../harness/pin.js';
import { CPU, RATE, type Section } from '../harness/section.js';
import { jsonServer } from '../harness/servers.js';
import type { TelemetryRound } from '../processes/telemetry.js';

/**
 * In processes of their own: what one way hears teaches the compiler what to expect of the others. Ways without
 * telemetry are all the same, and differ by chance.
 */
const COMPANIES = [
  ['off', 'off again', 'metrics', 'metrics and events'],
  ['off, beside records', 'metrics, events and records'],
];
/** Of each: where things happen to lie in memory makes one process 2 % faster than another just like it. */
const PROCESSES = 3;

/** What it costs to watch, against a balancer that nobody watches, in one process. */
export const telemetrySection: Section = {
  name: 'telemetry',
  async run(bench) {
    using server = await jsonServer(bench);
    const { rounds, warmUp, turn } = bench.options;
    const asked: TelemetryRound = { milliseconds: turn };
    const results: Record<string, Figures>[] = Array.from({ length: rounds }, () => ({}));
    for (const ways of COMPANIES) {
      const args = [server.ready.urls, ways].map((list) => JSON.stringify(list));
      for (let first = 0; first < Math.min(PROCESSES, rounds); first++) {
        using client = await Child.start(join(bench.folder, 'telemetry.mjs'), args);
        pin(client.pid, MEASURED_CORE);
        const round = () => client.ask<Record<string, Figures>>(JSON.stringify(asked));
        for (let warm = 0; warm < warmUp; warm++) await round();
        for (let at = first; at < rounds; at += PROCESSES) Object.assign(results[at] ?? {}, await round());
      }
    }
    return {
      title: 'Telemetry',
      note: '`balancer.fetch`. Off, off again and off beside records: nothing attached, as by default; what lies between them is what chance does. Metrics: `prometheusMetrics(balancer)`. Events: an observer that hears all of them. Records: the same with `records: true`.',
      columns: [RATE, CPU],
      rounds: results,
      checks: [
        { way: 'off again', figure: 'cpu', against: 'off' },
        { way: 'metrics', figure: 'cpu', against: 'off' },
        { way: 'metrics and events', figure: 'cpu', against: 'off', atMost: 1.05 },
        { way: 'metrics, events and records', figure: 'cpu', against: 'off, beside records' },
      ],
    };
  },
};
