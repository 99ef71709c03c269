import { describe, expect, it } from 'vitest';
import { examine } from './harness/comparison.js';
import { dechunked, MessageReader } from './harness/http-message.js';
import { CPU, RATE } from './harness/section.js';
import { performancePart } from './page.js';
import { markdown, summarize } from './report.js';

const ROUNDS = [
  { ours: { rate: 200, cpu: 10 }, theirs: { rate: 100, cpu: 20 } },
  { ours: { rate: 90, cpu: 10 }, theirs: { rate: 30, cpu: 20 } },
  { ours: { rate: 10, cpu: 10 }, theirs: { rate: 10, cpu: 20 } },
];
const FINDINGS = {
  title: 'A comparison',
  note: 'How it was done.',
  columns: [RATE, CPU],
  rounds: ROUNDS,
  checks: [
    { way: 'ours', figure: 'rate', against: 'theirs', atLeast: 2.5 },
    { way: 'ours', figure: 'cpu', against: 'theirs', atMost: 0.5 },
    { way: 'ours', figure: 'cpu' },
  ],
};

describe('a section of the benchmark', () => {
  it('takes ratios within a round, and the median of them', () => {
    expect(examine(ROUNDS, { way: 'ours', figure: 'rate', against: 'theirs' })).toEqual({
      median: 2,
      low: 1,
      high: 3,
    });
    expect(examine(ROUNDS, { way: 'ours', figure: 'cpu', against: 'theirs', by: 'difference' }).median).toBe(
      -10,
    );
  });

  it('says what was missed and what was met, and nothing where there is no goal', () => {
    const lines = markdown(summarize('fetch', FINDINGS)).split('\n');
    expect(lines.find((line) => line.includes('ours to theirs, requests/s'))).toMatch(/2\.00 .* missed \|$/);
    expect(lines.find((line) => line.includes('ours to theirs, CPU'))).toMatch(/0\.50 .* met \|$/);
    expect(lines.find((line) => line.includes('ours, CPU'))).toMatch(/10\.00 \| +\|$/);
  });

  it('shows the Nodes side by side, also where only one of them has measured it', () => {
    const record = (node: string, ...names: string[]) => ({
      node,
      machine: '2 cores',
      versions: { undici: '7.0.0' },
      sections: names.map((name) => ({ ...summarize(name, FINDINGS), date: '2026-01-01' })),
    });
    const page = performancePart([record('20.1.0', 'fetch', 'sdk'), record('24.2.0', 'fetch')]);
    expect(page).toContain('Node 24.2.0, 2 cores, 2026-01-01: undici 7.0.0.');
    expect(page).toMatch(
      /\| ours to theirs, requests\/s +\| +≥ 2.5 \| 2.00 \(missed\) \| 2.00 \(missed\) \|/,
    );
    expect(page).toMatch(/\| ours +\| +90 \/ 90 \| +10.0 \/ 10.0 \|/);
    expect(page).toMatch(/\| ours +\| +90 \| +10.0 \|/);
  });
});

describe('the reader of HTTP messages', () => {
  const CHUNKED = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n';
  it.each([
    ['with a length', 'POST / HTTP/1.1\r\ncontent-length: 5\r\n\r\nabcde'],
    ['in chunks', CHUNKED],
    ['without a body', 'GET / HTTP/1.1\r\ncontent-length: 0\r\n\r\n'],
  ])('finds the end of one %s, wherever it is cut, and of the next', (_, message) => {
    for (let cut = 1; cut < message.length; cut++) {
      const reader = new MessageReader();
      for (let turn = 0; turn < 2; turn++) {
        expect([cut, reader.push(Buffer.from(message.slice(0, cut)))]).toEqual([cut, false]);
        expect([cut, reader.push(Buffer.from(message.slice(cut)))]).toEqual([cut, true]);
      }
      expect(reader.startLine).toBe(message.slice(0, message.indexOf('\r\n')));
    }
  });

  it('puts the chunks of a body together', () => {
    expect(dechunked(CHUNKED)).toBe('abcde');
  });
});
