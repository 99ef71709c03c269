import { readFileSync } from 'node:fs';
import type { EvenkeelErrorCode, Exclusion } from 'evenkeel';
import { describe, expect, it } from 'vitest';
import { type RefusalCode, refusalReply } from '../../src/balancer/engine/refusal.js';
import type { StreamError } from '../../src/errors.js';

/** `BODY_UNREADABLE` is of a request's body. */
type StreamCode = Exclude<ConstructorParameters<typeof StreamError>[0], 'BODY_UNREADABLE'>;

const REFUSALS: Record<RefusalCode, true> = {
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

const STREAM_CODES: Record<StreamCode, true> = {
  STREAM_RESET: true,
  STREAM_TRUNCATED: true,
  STREAM_STALLED: true,
  STREAM_PROTOCOL: true,
  BODY_ABANDONED: true,
  BALANCER_CLOSED: true,
};

const CODES: Record<EvenkeelErrorCode, true> = {
  ...STREAM_CODES,
  BODY_UNREADABLE: true,
  INVALID_OPTION: true,
  DISCOVERY_FAILED: true,
  KUBERNETES_API_FAILED: true,
  WEBHOOK_FAILED: true,
};

const EXCLUSIONS: Record<Exclude<Exclusion['reason'], 'healthy'>, true> = {
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

/** Code and status of every answer that the balancer makes itself. */
function refusals(): string[][] {
  return (Object.keys(REFUSALS) as RefusalCode[])
    .map((code) => [code, String(refusalReply({ code, message: '' }).status)])
    .sort();
}

/** The page's rows of the first table under a heading, without its head, cell by cell. */
function rowsUnder(path: string, heading: string): string[][] {
  const [, section = ''] = readFileSync(path, 'utf8').split(`\n${heading}\n`);
  const [table = ''] = /(?:^\|.*\n?)+/m.exec(section) ?? [];
  const rows = table.trimEnd().split('\n').slice(2);
  return rows.map((row) => row.split(' | ').map((cell) => cell.replace(/[|`]/g, '').trim()));
}

describe('the tables of errors on the page on streaming', () => {
  const page = 'docs/streaming-and-failures.md';

  it('have every answer of the balancer itself, with its status', () => {
    const rows = rowsUnder(page, '## Answers that the balancer makes itself');
    expect(rows.map(([status, code]) => [code, status]).sort()).toEqual(refusals());
  });

  it('have every code of an error in the body', () => {
    const codes = rowsUnder(page, '## Errors in the body').map(([code]) => code);
    expect(codes.sort()).toEqual(Object.keys(STREAM_CODES).sort());
  });
});

describe('the page on troubleshooting', () => {
  const page = 'docs/troubleshooting.md';

  it('has every code of an answer of the balancer, with its status', () => {
    const rows = rowsUnder(page, '### Answers of the balancer').map(([code, status]) => [code, status]);
    expect(rows.sort()).toEqual(refusals());
  });

  it('has every code of an error', () => {
    const codes = rowsUnder(page, '### Errors that are thrown').map(([code]) => code);
    expect(codes.sort()).toEqual(Object.keys(CODES).sort());
  });

  it('has every reason that keeps an endpoint out', () => {
    const rows = rowsUnder(page, '### All requests go to one server');
    expect(rows.flatMap(([reasons = '']) => reasons.split(', ')).sort()).toEqual(
      Object.keys(EXCLUSIONS).sort(),
    );
  });
});
