import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { markdownTable } from '../../src/simulation/report/markdown-table.js';
import { ROOT } from './harness/package-build.js';
import { type NodeRecord, readRecords } from './record.js';
import { checkTitle, goal, shown, verdict } from './report.js';
import { SECTIONS } from './sections/index.js';

const PAGE = join(ROOT, 'docs/benchmarks.md');
const BEGIN = '<!-- performance: written by `npm run bench -- --write` -->';
const END = '<!-- end of performance -->';

/** Writes what is recorded of every Node into the documentation. */
export async function writePage(): Promise<void> {
  const page = await readFile(PAGE, 'utf8');
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin === -1 || end === -1) throw new Error(`${PAGE} has no place for it: ${BEGIN}`);
  const text = `${BEGIN}\n\n${performancePart(readRecords())}\n\n`;
  await writeFile(PAGE, page.slice(0, begin) + text + page.slice(end));
}

/** All sections, the Nodes side by side. */
export function performancePart(records: readonly NodeRecord[]): string {
  return [setting(records), ...SECTIONS.flatMap(({ name }) => sectionOf(name, records))].join('\n\n');
}

function setting(records: readonly NodeRecord[]): string {
  return records
    .map(({ node, machine, versions, sections }) => {
      const dates = [...new Set(sections.map(({ date }) => date))].sort();
      const span = dates.length > 1 ? `${dates[0]} to ${dates.at(-1)}` : dates[0];
      const with_ = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
      return `Node ${node}, ${machine}, ${span}: ${with_.join(', ')}.`;
    })
    .join('\n\n');
}

function sectionOf(name: string, records: readonly NodeRecord[]): string[] {
  const measured = records.flatMap(({ node, sections }) => {
    const section = sections.find((one) => one.name === name);
    return section === undefined ? [] : [{ node: `Node ${node.replace(/\..*/, '')}`, section }];
  });
  const [first] = measured;
  if (first === undefined) return [];
  const { title, note, columns } = first.section;
  const nodes = measured.map(({ node }) => node);
  const titles = distinct(
    measured.flatMap(({ section }) => section.checks.map((one) => checkTitle(one, columns))),
  );
  const checks = titles.map((text) => {
    const found = measured.map(({ section }) =>
      section.checks.find((one) => checkTitle(one, columns) === text),
    );
    const goals = distinct(found.flatMap((one) => (one === undefined ? [] : [goal(one)])));
    return [
      text,
      goals.join(', '),
      ...found.map((one) =>
        one === undefined ? '' : shown(one.median, 2) + (verdict(one) === 'missed' ? ' (missed)' : ''),
      ),
    ];
  });
  const ways = distinct(measured.flatMap(({ section }) => section.ways.map(({ way }) => way)));
  const figures = ways.map((way) => [
    way,
    ...columns.map(({ figure, digits }) =>
      measured
        .map(
          ({ section }) => shown(section.ways.find((one) => one.way === way)?.figures[figure], digits) || '–',
        )
        .join(' / '),
    ),
  ]);
  return [
    `### ${title}`,
    nodes.length > 1 ? `${note} Figures of ${nodes.join(' / ')}.` : note,
    ...(checks.length > 0 ? [markdownTable(['', 'goal', ...nodes], checks)] : []),
    ...(ways.length > 0 ? [markdownTable(['', ...columns.map((column) => column.title)], figures)] : []),
    ...measured.flatMap(({ node, section }) =>
      section.skipped.map((one) => `Not measured on ${node}: ${one}.`),
    ),
  ];
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}
