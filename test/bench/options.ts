import { parseArgs } from 'node:util';
import { SECTIONS } from './sections/index.js';

export interface BenchOptions {
  /** Rounds in which every way has its turn. */
  readonly rounds: number;
  /** Turns of every way that do not count: they teach the compiler. */
  readonly warmUp: number;
  /** Length of one turn, in ms. */
  readonly turn: number;
  /** Whether figures do not matter: few streams, short spans. */
  readonly smoke: boolean;
}

export interface BenchCommand extends BenchOptions {
  /** Names of sections. */
  readonly only: readonly string[];
  /** Where to write the figures as JSON. */
  readonly json: string | undefined;
  /** Where to write them as Markdown. */
  readonly markdown: string | undefined;
}

export const USAGE = `npm run bench -- [--only NAME,NAME] [--rounds N (7)] [--turn MS (600)] [--json FILE] [--markdown FILE] [--smoke]
--only: ${SECTIONS.map(({ name }) => name).join(', ')}; those in the documentation that take long run only when named.
--smoke: one short round of everything, to see that it works; its figures say nothing.`;

/** @throws TypeError for what is not understood */
export function readOptions(args: readonly string[]): BenchCommand {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string' },
      rounds: { type: 'string', default: '7' },
      turn: { type: 'string', default: '600' },
      json: { type: 'string' },
      markdown: { type: 'string' },
      smoke: { type: 'boolean', default: false },
    },
  });
  const { smoke, json, markdown } = values;
  const only =
    values.only?.split(',') ?? SECTIONS.filter((one) => !one.onlyWhenNamed).map(({ name }) => name);
  const unknown = only.find((name) => !SECTIONS.some((section) => section.name === name));
  if (unknown !== undefined) throw new TypeError(`No such section: ${unknown}`);
  const shared = { only, json, markdown, smoke };
  if (smoke) return { ...shared, rounds: 1, warmUp: 1, turn: 200 };
  const [rounds, turn] = [count('--rounds', values.rounds), count('--turn', values.turn)];
  return { ...shared, rounds, turn, warmUp: 3 };
}

function count(name: string, text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new TypeError(`${name} must be a whole number from 1; got ${text}`);
  return Number(text);
}
