import { join } from 'node:path';
import { Child } from '../harness/child.js';
import { type Figures, takeTurns } from '../harness/comparison.js';
import { MEASURED_CORE, pin } from '../harness/pin.js';
import type { Section } from '../harness/section.js';

const COUNTS: Readonly<Record<string, number>> = {
  '3 endpoints': 3,
  '10 endpoints': 10,
  '100 endpoints': 100,
  '1,000 endpoints': 1000,
};

/** How long a choice takes. */
export const pickSection: Section = {
  name: 'pick',
  async run(bench) {
    const { rounds, warmUp, turn } = bench.options;
    using picker = await Child.start(join(bench.folder, 'picker.mjs'), []);
    pin(picker.pid, MEASURED_CORE);
    return {
      title: 'Pick',
      note: 'Finding the endpoints that may take a request, choosing by the default policy, and counting it as outstanding; 64 requests under way.',
      columns: [{ figure: 'pick', title: 'CPU µs a pick', digits: 2 }],
      rounds: await takeTurns(Object.keys(COUNTS), { rounds, warmUp }, (way) =>
        picker.ask<Figures>(JSON.stringify({ count: COUNTS[way], milliseconds: turn / 3 })),
      ),
      checks: [
        { way: '10 endpoints', figure: 'pick', atMost: 1 },
        { way: '1,000 endpoints', figure: 'pick', atMost: 3 },
      ],
    };
  },
};
