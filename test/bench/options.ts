import { parseArgs } from 'node:util';
import { SECTIONS } from './sections/index.js';

export interface BenchOptions {
  /** Rounds in which every way has its turn. */
  readonly rounds: number;
  /** Turns of every way that do not count: they teach the compiler. */
  readonly warmUp: number;
  /** Length of one turn, in ms. */
  readonly turn: number;
  /** Requests of a turn, instead of its length: the same work, and the same warm-up, however busy the machine is. */
  readonly requests?: number;
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
  /** Whether to keep the figures, and to write them into the documentation. */
  readonly write: boolean;
  /** Instead of the sections: hold what is guarded against what is recorded, or record it. */
  readonly task: 'sections' | 'guard' | 'record';
}

export const USAGE = `npm run bench -- [--only NAME,NAME] [--rounds N (7)] [--turn MS (600)] [--json FILE] [--markdown FILE] [--write] [--smoke]
--only: ${SECTIONS.map(({ name }) => name).join(', ')}; those in the documentation that take long run only when named.
--write: keeps the figures for this Node in docs/benchmarks, and writes docs/benchmarks.md from those of all.
--smoke: one short round of everything, to see that it works; its figures say nothing.
--guard: instead, fails when something that is guarded has become more than 15 % worse than recorded; --record records.`;

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
      write: { type: 'boolean', default: false },
      guard: { type: 'boolean', default: false },
      record: { type: 'boolean', default: false },
    },
  });
  const { smoke, json, markdown, write } = values;
  const only =
    values.only?.split(',') ?? SECTIONS.filter((one) => !one.onlyWhenNamed).map(({ name }) => name);
  if (smoke && write) throw new TypeError('--smoke has no figures to --write');
  const unknown = only.find((name) => !SECTIONS.some((section) => section.name === name));
  if (unknown !== undefined) throw new TypeError(`No such section: ${unknown}`);
  const task = values.record ? 'record' : values.guard ? 'guard' : 'sections';
  const shared = { only, json, markdown, smoke, write, task } as const;
  if (smoke) return { ...shared, rounds: 1, warmUp: 1, turn: 200 };
  const [rounds, turn] = [count('--rounds', values.rounds), count('--turn', values.turn)];
  // Three seconds: a long request path takes the compiler longer to learn than a short one.
  return { ...shared, rounds, turn, warmUp: Math.max(3, Math.ceil(3_000 / turn)) };
}

function count(name: string, text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new TypeError(`${name} must be a whole number from 1; got ${text}`);
  return Number(text);
}
