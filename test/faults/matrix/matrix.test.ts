import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { FAULTS } from '../aimock/cases.js';
import { FACADES, type FacadeName } from './callers.js';
import { faultCases } from './cases.js';
import { CLOSED_WITHIN, type Observation, observe } from './cell.js';
import { LEAVING_CASES, type Leaving, observeLeaving } from './leaving.js';
import { type CaseResult, matrixPage } from './page.js';
import { runAll } from './run-all.js';

const PAGE = 'docs/failures.md';
const GENERATED = /(<!-- matrix:begin -->\n)[\s\S]*(<!-- matrix:end -->)/;
/** Cells at a time; each has its own servers, balancer and clock. */
const AT_ONCE = 24;
/** A port that is refused is free for any other server that opens meanwhile: these cells run one by one. */
const ALONE = 'refuse';
/** A cell that takes as long has lost its way. */
const GUARD = 30_000;

const CASES = faultCases({ comments: 20_000, slow: 30_000, tooSlow: 90_000 });
const NAMES = Object.keys(FACADES) as FacadeName[];

const cases = new Map<(typeof CASES)[number], CaseResult>();
const leaving = new Map<(typeof LEAVING_CASES)[number], Map<FacadeName, Leaving>>();

beforeAll(async () => {
  // Hono's server writes every answer that breaks off to the console.
  vi.spyOn(console, 'error').mockImplementation(() => {});
  const jobs: (() => Promise<void>)[] = [];
  const alone: (() => Promise<void>)[] = [];
  for (const one of CASES) {
    const result = {
      beside: new Map<FacadeName, Observation>(),
      everywhere: new Map<FacadeName, Observation>(),
    };
    cases.set(one, result);
    for (const name of NAMES) {
      for (const where of ['beside', 'everywhere'] as const) {
        (one.fault.kind === ALONE ? alone : jobs).push(async () => {
          const seen = await guarded(observe(one, name, where), `${one.id}, ${where}, through ${name}`);
          result[where].set(name, seen);
        });
      }
    }
  }
  for (const one of LEAVING_CASES) {
    const result = new Map<FacadeName, Leaving>();
    leaving.set(one, result);
    for (const name of NAMES) {
      jobs.push(async () => {
        const seen = await guarded(observeLeaving(one, name), `leaving at ${one.id}, through ${name}`);
        result.set(name, seen);
      });
    }
  }
  await runAll(jobs, AT_ONCE);
  await runAll(alone, 1);
}, 300_000);

it('every fault of MockLlmServer is among the cases', () => {
  const covered = new Set<string>(CASES.map(({ fault }) => fault.kind));
  expect(Object.keys(FAULTS).filter((kind) => !covered.has(kind))).toEqual([]);
});

describe.each(['beside', 'everywhere'] as const)('an endpoint that fails, with a good one %s', (where) => {
  it.each(CASES)(`$id: $expected.${where}`, (one) => {
    const cells = cases.get(one)?.[where] ?? new Map<FacadeName, Observation>();
    expect([...cells.keys()].sort()).toEqual([...NAMES].sort());
    for (const [name, cell] of cells) {
      expect(cell.seen, name).toBe(one.expected[where]);
      expectSound(cell, name);
      const [counted, ...more] = cell.counted;
      expect(more, name).toEqual([]);
      expect(counted === 'success', `${name}: counted as ${counted}`).toBe(cell.seen === 'whole');
      expect(cell.outcomes.at(-1) === 'success', `${name}: ${cell.outcomes}`).toBe(cell.seen === 'whole');
    }
  });
});

describe('a caller that leaves', () => {
  it.each(LEAVING_CASES)('$id ($asks): the exchange is closed at once, and nothing counts', (one) => {
    const cells = leaving.get(one) ?? new Map<FacadeName, Leaving>();
    expect([...cells.keys()].sort()).toEqual([...NAMES].sort());
    for (const [name, { observation, asked, closedAfter = 0 }] of cells) {
      expect(['broken', 'lost'], name).toContain(observation.seen);
      expectSound(observation, name);
      expect(asked, name).toBe(one.id === 'queued' ? 0 : 1);
      expect(closedAfter, name).toBeLessThanOrEqual(CLOSED_WITHIN);
      expect(new Set(observation.counted), name).toEqual(new Set(['neutral']));
      if (one.fault?.kind !== 'status') expect(observation.outcomes, name).toEqual(['neutral: caller-left']);
    }
  });
});

/** What holds in every cell. */
function expectSound(cell: Observation, name: string): void {
  expect(cell.exact, `${name}: the text is exact`).toBe(true);
  expect(cell.afterCommit, `${name}: attempts after content was passed on`).toBe(0);
  expect(cell.closing, `${name}: ms to the end of the exchange`).toBeLessThanOrEqual(CLOSED_WITHIN);
  expect(cell.left, name).toEqual({ outstanding: 0, queued: 0, 'open exchanges': 0, sockets: 0, timers: 0 });
}

it('leaves no socket and no server behind', async () => {
  await vi.waitFor(() => {
    const left = process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP'));
    expect(left).toEqual([]);
  }, 5000);
});

it('is what the page says (`npx vitest run test/faults/matrix -u` writes it)', async () => {
  const page = readFileSync(PAGE, 'utf8');
  expect(page).toMatch(GENERATED);
  const current = page.replace(
    GENERATED,
    (_, begin, end) => `${begin}\n${matrixPage(cases, leaving)}\n\n${end}`,
  );
  await expect(current).toMatchFileSnapshot(`../../../${PAGE}`);
});

async function guarded<Result>(cell: Promise<Result>, name: string): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const guard = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no end after ${GUARD} ms: ${name}`)), GUARD);
  });
  try {
    return await Promise.race([cell, guard]);
  } finally {
    clearTimeout(timer);
  }
}
