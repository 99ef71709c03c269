import type { Trace, TraceRequest } from './trace.js';

const AZURE_HEADER = /^\uFEFF?TIMESTAMP,ContextTokens,GeneratedTokens\s*$/i;
/** Date, time, and a fraction of up to 100 ns, which `Date` would cut. */
const AZURE_TIME = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(\.\d+)?(?:Z|\+00:00)?$/;
/** Tokens of a block in Mooncake's traces. */
const MOONCAKE_BLOCK = 512;

/**
 * Reads a trace: Azure LLM inference (CSV: TIMESTAMP,ContextTokens,GeneratedTokens) or Mooncake (JSON Lines with
 * timestamp in ms, input_length, output_length, hash_ids). Requests are put in order of time; the first is at 0.
 *
 * @throws RangeError naming the line that is wrong
 */
export function readTrace(text: string): Trace {
  const lines = text.split(/\r?\n/);
  const mooncake = lines[0]?.trimStart().startsWith('{') === true;
  if (!mooncake && !AZURE_HEADER.test(lines[0] ?? ''))
    throw new RangeError(
      'line 1: expected TIMESTAMP,ContextTokens,GeneratedTokens (Azure), or a JSON object a line (Mooncake)',
    );
  const requests: TraceRequest[] = [];
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '' || (!mooncake && index === 0)) continue;
    const request = mooncake ? mooncakeRequest(line) : azureRequest(line);
    if (typeof request === 'string') throw new RangeError(`line ${index + 1}: ${request}`);
    requests.push(request);
  }
  if (requests.length === 0) throw new RangeError('line 1: the trace has no requests');
  requests.sort((one, other) => one.at - other.at);
  const start = requests[0]?.at ?? 0;
  return {
    blockTokens: MOONCAKE_BLOCK,
    requests: requests.map((request) => ({ ...request, at: request.at - start })),
  };
}

/** @returns what is wrong, in words */
function azureRequest(line: string): TraceRequest | string {
  const [timestamp = '', prompt, output, ...rest] = line.split(',').map((field) => field.trim());
  const time = AZURE_TIME.exec(timestamp);
  if (time === null) return `"${timestamp}" is no time like 2023-11-16 18:17:03.9799600`;
  if (rest.length > 0) return 'more than three fields';
  const seconds = Date.parse(`${time[1]}T${time[2]}Z`);
  if (Number.isNaN(seconds)) return `"${timestamp}" is no time`;
  return checked({ at: seconds + 1000 * Number(time[3] ?? 0), prompt, output, blocks: [] });
}

function mooncakeRequest(line: string): TraceRequest | string {
  let row: unknown;
  try {
    row = JSON.parse(line);
  } catch {
    return 'not JSON';
  }
  if (typeof row !== 'object' || row === null) return 'not an object';
  const { timestamp, input_length, output_length, hash_ids } = row as Record<string, unknown>;
  const blocks = hash_ids ?? [];
  if (!Array.isArray(blocks) || !blocks.every((id) => Number.isInteger(id)))
    return 'hash_ids must be a list of integers';
  return checked({ at: timestamp, prompt: input_length, output: output_length, blocks });
}

function checked(row: {
  readonly at: unknown;
  readonly prompt: unknown;
  readonly output: unknown;
  readonly blocks: readonly number[];
}): TraceRequest | string {
  const [at, prompt, output] = [row.at, row.prompt, row.output].map((value) =>
    value === '' || value === null ? Number.NaN : Number(value),
  );
  if (at === undefined || !Number.isFinite(at)) return `time must be a number; got ${row.at}`;
  if (prompt === undefined || !(prompt >= 0)) return `prompt tokens must be a number; got ${row.prompt}`;
  if (output === undefined || !(output >= 0)) return `answer tokens must be a number; got ${row.output}`;
  // An empty prompt still has its template, and an answer its end: both take a token.
  return { at, prompt: Math.max(1, prompt), output: Math.max(1, output), blocks: row.blocks };
}
