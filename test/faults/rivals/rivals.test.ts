import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { faultCases } from '../matrix/cases.js';
import { judge } from './call.js';
import { LEAVINGS } from './leave.js';
import { PACE } from './pace.js';
import { cellsOf } from './tables.js';

const TEXT = 'one two';
const chunk = (content: string, finish: string | null = null) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content }, finish_reason: finish }] })}\n\n`;
const DONE = 'data: [DONE]\n\n';
const ERROR = 'data: {"error":{"message":"The engine failed"}}\n\n';
const answer = (content: string) => JSON.stringify({ choices: [{ message: { content } }] });

describe('what a caller is said to have seen', () => {
  const ended = { status: 200, headers: {}, complete: true, error: undefined };

  it.each([
    ['whole', chunk('one') + chunk(' two', 'stop') + DONE],
    ['taken for success', chunk('one')],
    ['taken for success', chunk('one') + chunk(' two', 'stop')],
    ['taken for success', '<html></html>'],
    ['taken for success', ''],
    ['told', chunk('one') + ERROR],
    ['told', `${chunk('one')}data: {"choi\n\n${chunk(' two', 'stop')}${DONE}`],
    ['told', chunk('one', 'abort') + DONE],
  ])('of a stream that ended: %s', (seen, text) => {
    expect(judge({ ...ended, text }, true, TEXT)).toBe(seen);
  });

  it.each([
    ['whole', answer(TEXT)],
    ['taken for success', answer('one')],
    ['taken for success', answer(TEXT).slice(0, -2)],
    ['taken for success', ''],
    ['told', '{"error":{"message":"The engine failed"}}'],
  ])('of a plain answer that ended: %s', (seen, text) => {
    expect(judge({ ...ended, text }, false, TEXT)).toBe(seen);
  });

  it('of an answer that broke off, or never began: that it broke', () => {
    const whole = answer(TEXT);
    expect(judge({ ...ended, complete: false, text: whole }, false, TEXT)).toBe('broken');
    expect(judge({ ...ended, status: undefined, complete: false, text: '' }, false, TEXT)).toBe('broken');
  });

  it('of an error: its status', () => {
    expect(judge({ ...ended, status: 502, text: '{"error":{}}' }, true, TEXT)).toBe(502);
  });
});

describe('the page of failures', () => {
  const page = cellsOf(readFileSync('docs/failures.md', 'utf8').split('<!-- rivals:begin -->')[1] ?? '');

  it('has a row for each fault of the matrix and each way to leave', () => {
    const ids = [...faultCases(PACE).map(({ id }) => id), ...Object.keys(LEAVINGS)];
    expect([...page.keys()].sort()).toEqual(ids.sort());
  });

  it('has no row in which a failure is taken for success, lasts for ever, or leaves a server at work', () => {
    const bad = [...page].filter(([, cells]) => /\*\*|†|undefined/.test(`${cells.get('evenkeel')}`));
    expect(bad.map(([id]) => id)).toEqual([]);
  });
});
