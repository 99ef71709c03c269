import { parseArgs } from 'node:util';

export interface BenchOptions {
  /** Rounds in which every way has its turn. */
  readonly rounds: number;
  /** Turns of every way that do not count: they teach the compiler. */
  readonly warmUp: number;
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
  if (values.smoke) return { rounds: 1, warmUp: 1, turn: 300, json: values.json };
  const [rounds, turn] = [count('--rounds', values.rounds), count('--turn', values.turn)];
  return { rounds, turn, warmUp: 3, json: values.json };
}

function count(name: string, text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new TypeError(`${name} must be a whole number from 1; got ${text}`);
  return Number(text);
}
