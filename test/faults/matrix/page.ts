import { FACADES, type FacadeName, LEFT } from './callers.js';
import { type FaultCase, STAGES, type Stage, type Verdict } from './cases.js';
import type { Observation } from './cell.js';
import type { Leaving, LeavingCase } from './leaving.js';

type Cells<Cell> = ReadonlyMap<FacadeName, Cell>;

/** What came of a case: with another endpoint that is well, and with none. */
export type CaseResult = Readonly<Record<'beside' | 'everywhere', Cells<Observation>>>;

const HEAD = [
  'An endpoint that',
  'Asked for',
  'With a good one beside it',
  'When all do it',
  'Attempts',
  'The caller waits',
  'Counted as',
  'Its state then',
  'Its connection',
];
const LEAVING_HEAD = ['The caller leaves while', 'Asked for', 'It sees', 'Counted as', 'Its connection'];
const VERDICTS: Readonly<Record<Verdict, string>> = {
  whole: 'a whole answer',
  refused: 'a status of 400 or more',
  told: 'the endpoint’s error in a 200',
  broken: 'a broken answer',
};

/** The generated part of `docs/failures.md`. */
export function matrixPage(
  cases: ReadonlyMap<FaultCase, CaseResult>,
  leaving: ReadonlyMap<LeavingCase, Cells<Leaving>>,
): string {
  const stages = (Object.keys(STAGES) as Stage[]).flatMap((stage) => {
    const rows = [...cases].filter(([one]) => one.stage === stage);
    return [`### ${STAGES[stage]}`, table(HEAD, joined(rows.map(([one, result]) => caseRow(one, result))))];
  });
  const ways = Object.keys(FACADES).length;
  return [
    `${cases.size} cases through ${ways} ways in, twice, and ${leaving.size} moments at which a caller leaves: ${
      ways * (2 * cases.size + leaving.size)
    } requests.`,
    ...stages,
    '### What each way in makes of it',
    waysIn(cases),
    '### When the caller leaves',
    table(LEAVING_HEAD, joined([...leaving].map(([one, result]) => leavingRow(one, result)))),
  ].join('\n\n');
}

function caseRow(one: FaultCase, { beside, everywhere }: CaseResult): string[] {
  const saved = agreed(beside, (cell) => detail(cell, beside));
  const alone = agreed(everywhere, (cell) => detail(cell, everywhere));
  return [
    one.title,
    one.asks,
    saved,
    alone === saved ? 'the same' : alone,
    both(beside, everywhere, ({ outcomes }) => String(outcomes.length)),
    both(beside, everywhere, ({ waited }) => `${waited} s`),
    agreed(beside, ({ outcomes }) => outcomes[0] ?? ''),
    agreed(beside, ({ state }) => state),
    agreed(beside, ({ connection }) => connection),
  ];
}

/** A server's caller sees a connection that closes, whatever the reason. That is the same as the reason said. */
function detail(cell: Observation, cells: Cells<Observation>): string {
  const served = cell.seen === 'broken' && cell.error === 'the connection closed';
  return (served ? cells.get('fetch') : undefined)?.detail ?? cell.detail;
}

function leavingRow(one: LeavingCase, cells: Cells<Leaving>): string[] {
  // Who has closed a connection to a server sees nothing any more.
  const seeing = new Map(
    [...cells].filter(([, { observation }]) => observation.error !== 'the connection closed'),
  );
  return [
    one.title,
    one.asks,
    agreed(seeing, ({ observation: { error } }) => {
      if (error === undefined) return 'the loop ends';
      return error === LEFT ? 'the reason it gave' : `\`${error}\``;
    }),
    agreed(cells, ({ observation }) => observation.outcomes.join(', ')),
    agreed(cells, ({ closedAfter }) => (closedAfter === undefined ? 'none is open' : 'closed at once')),
  ];
}

/** Rows that say the same of a stream and of a plain answer become one; those of one title stand together. */
function joined(rows: readonly string[][]): string[][] {
  const byTitle = new Map<string, Map<string, string[]>>();
  for (const [title = '', asks = '', ...cells] of rows) {
    const byContent = byTitle.get(title) ?? new Map<string, string[]>();
    const key = cells.join('|');
    byTitle.set(title, byContent.set(key, [title, byContent.has(key) ? 'either' : asks, ...cells]));
  }
  return [...byTitle.values()].flatMap((byContent) => [...byContent.values()]);
}

function both(one: Cells<Observation>, all: Cells<Observation>, say: (cell: Observation) => string): string {
  return [...new Set([agreed(one, say), agreed(all, say)])].join(' / ');
}

/** One word where all ways in agree; else that of most, and who says something else. */
function agreed<Cell>(cells: Cells<Cell>, say: (cell: Cell) => string): string {
  const words = new Map<string, FacadeName[]>();
  for (const [name, cell] of cells) words.set(say(cell), [...(words.get(say(cell)) ?? []), name]);
  const [[most] = [''], ...others] = [...words].sort(([, one], [, other]) => other.length - one.length);
  return [most, ...others.map(([word, names]) => `${names.join(', ')}: ${word}`)].join('; ');
}

/** In what form each verdict reached the callers of each way in. */
function waysIn(cases: ReadonlyMap<FaultCase, CaseResult>): string {
  const verdicts = Object.keys(VERDICTS) as Verdict[];
  const rows = (Object.keys(FACADES) as FacadeName[]).map((name) => {
    const seen = [...cases.values()].flatMap(({ beside, everywhere }) => [
      beside.get(name),
      everywhere.get(name),
    ]);
    const forms = verdicts.map((verdict) => {
      const errors = seen.flatMap((cell) => (cell?.seen === verdict ? [cell.error] : []));
      return [...new Set(errors.map(form))].sort().join(', ');
    });
    return [name, ...forms];
  });
  return table(['Way in', ...Object.values(VERDICTS)], rows);
}

function form(error: string | undefined): string {
  if (error === undefined) return 'as such';
  if (error.startsWith('STREAM_')) return 'throws a `StreamError`';
  return /^\w+$/.test(error) ? `throws \`${error}\`` : error;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
