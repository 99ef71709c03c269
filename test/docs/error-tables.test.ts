import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type RefusalCode, refusalReply } from '../../src/balancer/refusal.js';
import type { StreamError } from '../../src/errors.js';

const page = readFileSync('docs/streaming-and-failures.md', 'utf8');

/** Cells of the rows of the first table under a heading, without its head. */
function rowsUnder(heading: string): string[][] {
  const [, section = ''] = page.split(`\n## ${heading}\n`);
  const [table = ''] = /(?:^\|.*\n?)+/m.exec(section) ?? [];
  const rows = table.trimEnd().split('\n').slice(2);
  return rows.map((row) => row.split(' | ').map((cell) => cell.replace(/[|`]/g, '').trim()));
}

describe('the tables of errors on the page on streaming', () => {
  it('have every answer of the balancer itself, with its status', () => {
    const known: Record<RefusalCode, true> = {
      no_endpoint: true,
      queue_full: true,
      queue_timeout: true,
      all_cooling_off: true,
      not_ready: true,
      balancer_closed: true,
      model_not_found: true,
      connection_failed: true,
      stream_failed: true,
      timeout: true,
      body_too_large: true,
      invalid_json: true,
      invalid_request: true,
    };
    const statuses = (Object.keys(known) as RefusalCode[]).map((code) => [
      code,
      String(refusalReply({ code, message: '' }).status),
    ]);
    const rows = rowsUnder('Answers that the balancer makes itself').map(([status, code]) => [code, status]);
    expect(rows.sort()).toEqual(statuses.sort());
  });

  it('have every code of an error in the body', () => {
    const known: Record<StreamCode, true> = {
      STREAM_RESET: true,
      STREAM_TRUNCATED: true,
      STREAM_STALLED: true,
      STREAM_PROTOCOL: true,
      BODY_ABANDONED: true,
      BALANCER_CLOSED: true,
    };
    const codes = rowsUnder('Errors in the body').map(([code]) => code);
    expect(codes.sort()).toEqual(Object.keys(known).sort());
  });
});

/** `BODY_UNREADABLE` is of a request's body. */
type StreamCode = Exclude<ConstructorParameters<typeof StreamError>[0], 'BODY_UNREADABLE'>;
