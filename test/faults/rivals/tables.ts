import { type FaultCase, STAGES } from '../matrix/cases.js';
import type { Seen } from './call.js';
import { LEAVINGS } from './leave.js';
import { type Results, SCOPES } from './run.js';

const WORDS: Readonly<Record<Exclude<Seen, number>, string>> = {
  whole: 'whole',
  told: 'told',
  broken: 'breaks off',
  'taken for success': '**as success**',
  'no end': '**no end**',
};

/** How a contender is called at the head of a column. */
export function columnOf({ contender }: Results): string {
  return `${contender.name} ${contender.version}`.trim();
}

/** @param first what the first column holds */
export function table(first: string, results: readonly Results[], rows: readonly string[]): string {
  const head = [first, ...results.map(columnOf)];
  return [`| ${head.join(' | ')} |`, `|${head.map(() => '---|').join('')}`, ...rows, ''].join('\n');
}

/** One kind of request, by the stage at which the server fails. */
export function faultTable(faults: readonly FaultCase[], results: readonly Results[]): string {
  const rows = Object.entries(STAGES).flatMap(([stage, title]) => {
    const here = faults.filter((row) => row.stage === stage);
    if (here.length === 0) return [];
    const head = `| **${title}** |${' |'.repeat(results.length)}`;
    return [head, ...here.map(({ id, title }) => row(id, title, results))];
  });
  return table('the server', results, rows);
}

export function leavingTable(results: readonly Results[]): string {
  const rows = Object.entries(LEAVINGS).map(([id, { title }]) => row(id, title, results));
  return table('the caller leaves', results, rows);
}

function row(id: string, title: string, results: readonly Results[]): string {
  return `| ${title} (\`${id}\`) | ${results.map((one) => cell(one, id)).join(' | ')} |`;
}

/**
 * What a contender made of one row. Of a fault: with a good server beside the faulty one, then without; once where
 * both are the same. `undefined` when it was not run.
 *
 * @param id of a fault, or of a leaving
 */
export function cell({ faults, leavings }: Results, id: string): string | undefined {
  const fault = faults.get(id);
  if (fault !== undefined) {
    const scopes = SCOPES.map((scope) => {
      const { seen, attempts, leftAtWork } = fault[scope];
      const words = typeof seen === 'number' ? String(seen) : WORDS[seen];
      return `${words}${attempts === undefined ? '' : ` (${attempts})`}${leftAtWork ? ' †' : ''}`;
    });
    return [...new Set(scopes)].join(' · ');
  }
  const heard = leavings.get(id);
  if (heard === undefined) return undefined;
  return heard ? 'hears' : '**works on**';
}

/** The cells of a page as it was written: by the row's id, then by column. */
export function cellsOf(page: string): Map<string, ReadonlyMap<string, string>> {
  const rows = new Map<string, ReadonlyMap<string, string>>();
  let columns: readonly string[] = [];
  const lines = page.split('\n');
  for (const [index, line] of lines.entries()) {
    const [first = '', ...cells] = line.slice(2, -2).split(' | ');
    if (lines[index + 1]?.startsWith('|---')) columns = cells;
    const id = /\(`([\w-]+)`\)$/.exec(first)?.[1];
    if (id !== undefined) rows.set(id, new Map(columns.map((column, place) => [column, cells[place] ?? ''])));
  }
  return rows;
}
