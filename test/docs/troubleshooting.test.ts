import { readFileSync } from 'node:fs';
import type { EvenkeelErrorCode, Exclusion } from 'evenkeel';
import { describe, expect, it } from 'vitest';
import { type RefusalCode, refusalReply } from '../../src/balancer/refusal.js';

const page = readFileSync('docs/troubleshooting.md', 'utf8');

/** Cells of the rows of the first table under a heading, without its head. */
function rowsUnder(heading: string): string[][] {
  const [, section = ''] = page.split(`\n### ${heading}\n`);
  const [table = ''] = /(?:^\|.*\n?)+/m.exec(section) ?? [];
  const rows = table.trimEnd().split('\n').slice(2);
  return rows.map((row) => row.split(' | ').map((cell) => cell.replace(/[|`]/g, '').trim()));
}

describe('the page on troubleshooting', () => {
  it('has every code of an answer of the balancer, with its status', () => {
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
    const rows = rowsUnder('Answers of the balancer').map(([code, status]) => [code, status]);
    expect(rows.sort()).toEqual(statuses.sort());
  });

  it('has every code of an error', () => {
    const known: Record<EvenkeelErrorCode, true> = {
      INVALID_OPTION: true,
      STREAM_TRUNCATED: true,
      STREAM_STALLED: true,
      STREAM_RESET: true,
      STREAM_PROTOCOL: true,
      BODY_ABANDONED: true,
      BODY_UNREADABLE: true,
      BALANCER_CLOSED: true,
      DISCOVERY_FAILED: true,
      KUBERNETES_API: true,
      WEBHOOK: true,
    };
    const codes = rowsUnder('Errors that are thrown').map(([code]) => code);
    expect(codes.sort()).toEqual(Object.keys(known).sort());
  });

  it('has every reason that keeps an endpoint out', () => {
    const known: Record<Exclude<Exclusion['reason'], 'healthy'>, true> = {
      'not-asked-for': true,
      'weight-0': true,
      'model-not-served': true,
      'cooling-off': true,
      open: true,
      'half-open': true,
      suspect: true,
      draining: true,
      warming: true,
      standby: true,
      full: true,
      tried: true,
      'lower-tier': true,
      'higher-tier': true,
    };
    const reasons = rowsUnder('All requests go to one server').flatMap(([cell = '']) => cell.split(', '));
    expect(reasons.sort()).toEqual(Object.keys(known).sort());
  });
});
