import { parseArgs } from 'node:util';

export interface BenchOptions {
  /** Rounds in which every way has its turn. */
  readonly rounds: number;
  /** Length of one turn, in ms. */
  readonly turn: number;
  /** Where to write the figures as JSON. */
  readonly json: string | undefined;
}

export const USAGE = `npm run bench -- [--rounds N (9)] [--turn MS (1000)] [--json FILE] [--smoke]
--smoke: one short round of everything, to see that it works; its figures say nothing.`;

/** @throws TypeError for what is not understood */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '9' },
      turn: { type: 'string', default: '1000' },
      json: { type: 'string' },
      smoke: { type: 'boolean', default: false },
    },
  });
  if (values.smoke) return { rounds: 1, turn: 300, json: values.json };
  return { rounds: count('--rounds', values.rounds), turn: count('--turn', values.turn), json: values.json };
}

function count(name: string, text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new TypeError(`${name} must be a whole number from 1; got ${text}`);
  return Number(text);
}
