import { join } from 'node:path';
import { Child } from '../harness/child.js';
import { type Figures, takeTurns } from '../harness/comparison.js';
import { MEASURED_CORE, pin } from '../harness/pin.js';
import type { Section } from '../harness/section.js';

/** What a step may cost: µs of processor time, and bytes that it allocates. */
const BUDGET: Readonly<Record<string, { readonly cpu: number; readonly bytes: number }>> = {
  'read the request': { cpu: 3, bytes: 2000 },
  'headers of an attempt': { cpu: 0.3, bytes: 300 },
  'headers of an answer': { cpu: 0.3, bytes: 300 },
  'look at a JSON answer': { cpu: 1, bytes: 400 },
  'look at an event of a stream': { cpu: 1, bytes: 600 },
  'send, a JSON answer': { cpu: 16, bytes: 11_000 },
  'send, a stream of one token': { cpu: 28, bytes: 15_000 },
  'fetch, a JSON answer': { cpu: 24, bytes: 15_000 },
  'BalancedDispatcher, a JSON answer': { cpu: 40, bytes: 20_000 },
};

/** The young generation is at its usual largest from the beginning on. */
const FLAGS = ['--expose-gc', '--min-semi-space-size=16', '--max-semi-space-size=16'];

/** Where a request's time and memory go. */
export const stepsSection: Section = {
  name: 'steps',
  async run(bench) {
    const { rounds, warmUp, turn } = bench.options;
    using child = await Child.start<readonly string[]>(join(bench.folder, 'steps.mjs'), [], FLAGS);
    pin(child.pid, MEASURED_CORE);
    return {
      title: 'Steps of a request',
      note: 'Each by itself, one at a time, over endpoints that answer at once without a network. Time includes the collection of garbage. `send` is all that every facade goes through.',
      columns: [
        { figure: 'cpu', title: 'CPU µs', digits: 2 },
        { figure: 'bytes', title: 'bytes allocated', digits: 0 },
      ],
      rounds: await takeTurns(child.ready, { rounds, warmUp }, (step) =>
        child.ask<Figures>(JSON.stringify({ step, milliseconds: turn })),
      ),
      checks: Object.entries(BUDGET).flatMap(([way, { cpu, bytes }]) => [
        { way, figure: 'cpu', atMost: cpu },
        { way, figure: 'bytes', atMost: bytes },
      ]),
    };
  },
};
