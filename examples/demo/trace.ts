import { readFile } from 'node:fs/promises';
import { UsageError } from './arguments.js';
import type { Question } from './question.js';

/** A question and when it is asked, in milliseconds from the beginning. */
export interface Arrival extends Question {
  readonly at: number;
}

/** No more than this many requests and answer tokens are replayed: more would measure this one process. */
const MOST_REQUESTS = 700;
const MOST_ANSWER_TOKENS = 5_000;
/** Longer answers are cut, so that the last of them ends with the demo. */
const LONGEST_ANSWER = 200;

/**
 * The beginning of a trace, as it is: `TIMESTAMP,ContextTokens,GeneratedTokens` (Azure's LLM inference traces)
 * or JSON lines with `timestamp` in ms, `input_length` and `output_length` (Mooncake's).
 *
 * @throws UsageError when the file cannot be read or is neither
 */
export async function readTrace(path: string): Promise<Arrival[]> {
  const lines = (await readText(path)).split(/\r?\n/).filter((line) => line.trim() !== '');
  const csv = lines[0]?.toLowerCase().includes('timestamp,') === true && !lines[0].startsWith('{');
  const rows = csv ? lines.slice(1) : lines;
  const readRow = csv ? csvColumns(lines[0] ?? '') : readJson;
  const arrivals: Arrival[] = [];
  let tokens = 0;
  for (const [index, row] of rows.entries()) {
    const { at, promptTokens, answerTokens } = readRow(row);
    if (![at, promptTokens, answerTokens].every(Number.isFinite)) {
      throw new UsageError(`${path}: row ${index + 1} is not of a known form: ${row.slice(0, 80)}`);
    }
    tokens += Math.min(answerTokens, LONGEST_ANSWER);
    if (arrivals.length === MOST_REQUESTS || (tokens > MOST_ANSWER_TOKENS && arrivals.length > 1)) break;
    arrivals.push({ at, promptTokens, answerTokens: Math.max(1, Math.min(answerTokens, LONGEST_ANSWER)) });
  }
  if (arrivals.length === 0) throw new UsageError(`${path}: no requests in it`);
  return arrivals.sort((one, other) => one.at - other.at);
}

/** The same arrivals within so many milliseconds, and by how much they were compressed. */
export function compress(
  arrivals: readonly Arrival[],
  span: number,
): { arrivals: Arrival[]; factor: number } {
  const first = arrivals[0]?.at ?? 0;
  const factor = Math.max(1, (arrivals.at(-1)?.at ?? 0) - first) / span;
  return { factor, arrivals: arrivals.map((arrival) => ({ ...arrival, at: (arrival.at - first) / factor })) };
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new UsageError(`--trace: cannot read ${path} (${(error as NodeJS.ErrnoException).code})`);
  }
}

function csvColumns(heading: string): (row: string) => Arrival {
  const names = heading.trim().split(',');
  const [time, context, generated] = ['TIMESTAMP', 'ContextTokens', 'GeneratedTokens'].map((name) =>
    names.findIndex((column) => column.toLowerCase() === name.toLowerCase()),
  );
  return (row) => {
    const cells = row.trim().split(',');
    return {
      at: timestamp(cells[time ?? 0] ?? ''),
      promptTokens: Number(cells[context ?? -1]),
      answerTokens: Number(cells[generated ?? -1]),
    };
  };
}

/** `2023-11-16 18:17:03.9799600`, in UTC: `Date` knows three of the seven digits. */
function timestamp(text: string): number {
  const [seconds = '', fraction = '0'] = text
    .trim()
    .replace(' ', 'T')
    .replace(/(Z|\+00:00)$/, '')
    .split('.');
  return Date.parse(`${seconds}Z`) + Number(`0.${fraction}`) * 1000;
}

function readJson(row: string): Arrival {
  try {
    const { timestamp: at, input_length: promptTokens, output_length: answerTokens } = JSON.parse(row);
    return { at, promptTokens, answerTokens };
  } catch {
    return { at: Number.NaN, promptTokens: Number.NaN, answerTokens: Number.NaN };
  }
}
