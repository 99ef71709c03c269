import { leastOutstanding } from 'evenkeel';
import { generateTrace, simulate } from 'evenkeel/simulation';
import { describe, expect, it } from 'vitest';
import { EVERYBODY, OTHERS } from './contestants.js';
import { grid } from './grid.js';
import { measure } from './measure.js';
import { firstTokenOracle } from './oracles/first-token-oracle.js';
import { workOracle } from './oracles/work-oracle.js';
import { tableSection, withSection } from './section.js';

const TABLES = grid({ requests: 60, loads: [0.6], clients: [4], traces: 'nowhere' });

describe('the quality benchmark', () => {
  it('runs every contestant through a table, and writes a row for each', async () => {
    const [table] = TABLES;
    if (table === undefined) throw new Error('no table');
    const told: number[] = [];
    const measured = await measure(table, {
      contestants: EVERYBODY,
      seeds: 1,
      onProgress: (done) => told.push(done),
    });
    expect(measured.requests).toBe(60 * Object.keys(EVERYBODY).length);
    expect(told.at(-1)).toBe(1);
    const section = tableSection(measured);
    for (const name of Object.keys(EVERYBODY)) expect(section).toContain(`| ${name} `);
    expect(section).not.toContain('–');
    expect(section.match(/\*\*[^*]+\*\*/g)?.length).toBeGreaterThan(0);
  });

  it('has tables of small, mixed and equal fleets, of clients, of both traces, and of a card that slows down', () => {
    expect(TABLES.map(({ title }) => title)).toEqual([
      'One A100 and two T4',
      'H100, two A100, two L4, T4',
      'Four A100',
      'Many clients',
      'Many clients that read metrics pages',
      'Bursts of long prompts and short answers',
      'Shared prefixes, eight A100',
      'The fast card slows down',
    ]);
  });

  it('replaces its section of a page, and nothing else of it', () => {
    const page = withSection('# Page\n\nText.\n', 'first');
    expect(page).toMatch(/^# Page\n\nText\.\n\n<!-- quality.*-->\n\nfirst\n\n<!-- end of quality -->\n$/);
    const longer = `${page}\nMore.\n`;
    expect(withSection(longer, 'second')).toBe(longer.replace('first', 'second'));
  });
});

describe('the oracles', () => {
  it('do better at the 99th percentile than least outstanding with true weights, and than every rival', async () => {
    const options = { trace: generateTrace({ requests: 500 }), fleet: 'a100:3,t4,t4', load: 0.7 };
    const least = await simulate({ ...options, weights: 'capacity', policy: () => leastOutstanding() });
    const oracles = [
      await simulate({ ...options, policy: (world) => firstTokenOracle(world) }),
      await simulate({ ...options, policy: (world) => workOracle(world) }),
    ].map(({ firstToken }) => firstToken.p99);
    for (const p99 of oracles) expect(p99).toBeLessThan(0.8 * least.firstToken.p99);
    for (const rival of Object.values(OTHERS)) {
      if (typeof rival !== 'function') continue;
      const { firstToken } = await simulate({ ...options, policy: rival });
      expect(firstToken.p99).toBeGreaterThan(Math.min(...oracles));
    }
  });
});
