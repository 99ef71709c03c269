import { duration, percent } from '../../src/simulation/report/figures.js';
import { markdownTable } from '../../src/simulation/report/markdown-table.js';
import type { Measured } from './measure.js';

const BEGIN = '<!-- quality: written by `npm run bench:quality` -->';
const END = '<!-- end of quality -->';

const isBound = (name: string) => name.startsWith('oracle') || name.startsWith('bound');

/** One table in Markdown, the best that sees no more than a client in bold. */
export function tableSection({ table, rows }: Measured): string {
  const figures = table.columns.flatMap(({ title, figures: read }) =>
    read.map((figure) => ({
      ...figure,
      title: [title, read.length > 1 ? figure.title : ''].filter((part) => part !== '').join(' '),
    })),
  );
  const best = figures.map(({ unit }, index) => {
    const values = Object.entries(rows)
      .filter(([name]) => !isBound(name))
      .map(([, row]) => row[index] ?? Number.NaN);
    return unit === 'share' ? Math.max(...values) : Math.min(...values);
  });
  const body = Object.entries(rows).map(([name, row]) => [
    name,
    ...figures.map(({ unit }, index) => {
      const value = row[index] ?? Number.NaN;
      const text = unit === 'share' ? percent(value) : duration(value);
      return value === best[index] && !isBound(name) ? `**${text}**` : text;
    }),
  ]);
  return [
    `#### ${table.title}`,
    '',
    table.note,
    '',
    markdownTable(['policy', ...figures.map(({ title }) => title)], body),
  ].join('\n');
}

/** The page with its section of quality replaced, or put at its end. */
export function withSection(page: string, section: string): string {
  const text = `${BEGIN}\n\n${section}\n\n${END}`;
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin === -1 || end === -1) return `${page.trimEnd()}\n\n${text}\n`;
  return page.slice(0, begin) + text + page.slice(end + END.length);
}
