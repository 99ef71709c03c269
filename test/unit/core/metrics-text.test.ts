import { describe, expect, it } from 'vitest';
import { readSamples } from '../../../src/core/metrics-text.js';

const read = (text: string, labels?: Record<string, string>) =>
  readSamples(text, new Set(['a:b']), labels).get('a:b');

describe('readSamples', () => {
  it.each<[string, number]>([
    ['a:b 3', 3],
    ['a:b\t3.5', 3.5],
    ['  a:b 3 1767225600000', 3],
    ['a:b{} 1e3', 1000],
    ['a:b { x = "1" , y="2", } -7', -7],
    ['a:b 3 # {trace_id="x"} 0.5 1767225600', 3],
  ])('reads the value of %s', (line, value) => {
    expect(read(line)?.map((sample) => sample.value)).toEqual([value]);
  });

  it('reads labels with escapes, and with the signs that end others', () => {
    expect(read(String.raw`a:b{x="say \"}\" \\ now\n",y="a=b,c"} 1`)?.[0]?.labels).toEqual({
      x: 'say "}" \\ now\n',
      y: 'a=b,c',
    });
  });

  it.each([
    '# a:b 3',
    '#   7 a:b',
    'a:b-5',
    '{} 3',
    '',
    'a:bc 3',
    'xa:b 3',
    'a:b',
    'a:b three',
    'a:b{x="1" 3',
    'a:b{x=1} 3',
    'a:b{x="1"}',
    'a:b NaN',
    'a:b +Inf',
  ])('passes over %j', (line) => {
    expect(read(line)).toBeUndefined();
  });

  it('finds the series of the names that are asked for, and no others', () => {
    const found = readSamples('a:b 1\n\nc 2\nd 3\na:b 4', new Set(['a:b', 'd', 'e']));
    expect([...found].map(([name, series]) => [name, series.map(({ value }) => value)])).toEqual([
      ['a:b', [1, 4]],
      ['d', [3]],
    ]);
  });

  it('keeps the series whose labels are wanted, and those that do not have the label', () => {
    const page = 'a:b{gpu="0"} 1\na:b{gpu="1"} 2\na:b 3\n';
    expect(read(page, { gpu: '1' })?.map(({ value }) => value)).toEqual([2, 3]);
  });
});
