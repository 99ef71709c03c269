import { generateTrace, readTrace, TRACE_SHAPES, type Trace, type TraceShapeName } from 'evenkeel/simulation';
import { describe, expect, it } from 'vitest';
import { atRate, requestRate } from '../../../src/simulation/trace/load.js';
import { quantile } from '../../../src/simulation/trace/trace-shapes.js';

const AZURE = 'TIMESTAMP,ContextTokens,GeneratedTokens';

describe('an Azure trace', () => {
  it('is read with CRLF lines, fractions of 100 ns, and no newline at its end', () => {
    const text = `${AZURE}\r\n2023-11-16 23:59:59.9799600,4808,10\r\n2023-11-17 00:00:00.0319605,3180,8`;
    const { requests } = readTrace(text);
    expect(requests.map(({ prompt, output, blocks }) => [prompt, output, blocks])).toEqual([
      [4808, 10, []],
      [3180, 8, []],
    ]);
    expect(requests[0]?.at).toBe(0);
    expect(requests[1]?.at).toBeCloseTo(52.0005, 3);
  });

  it('is put in order of time, and an empty prompt or answer counts as one token', () => {
    const text = `${AZURE}\n2023-11-16 00:00:02,0,0\n2023-11-16 00:00:01,5,6\n\n`;
    expect(readTrace(text).requests).toEqual([
      { at: 0, prompt: 5, output: 6, blocks: [] },
      { at: 1000, prompt: 1, output: 1, blocks: [] },
    ]);
  });

  it.each([
    ['2023-11-16 00:00:01,5', 'line 2: answer tokens must be a number; got undefined'],
    ['2023-11-16 00:00:01,-5,1', 'line 2: prompt tokens must be a number; got -5'],
    ['2023-11-16 00:00:01,,1', 'line 2: prompt tokens must be a number; got '],
    ['yesterday,5,1', 'line 2: "yesterday" is no time like 2023-11-16 18:17:03.9799600'],
    ['2023-11-16 00:00:01,5,1,9', 'line 2: more than three fields'],
    ['', 'line 1: the trace has no requests'],
  ])('with the line "%s" is refused: %s', (line, message) => {
    expect(() => readTrace(`${AZURE}\n${line}\n`)).toThrow(new RangeError(message));
  });
});

describe('a Mooncake trace', () => {
  it('is read with its blocks', () => {
    const text = [
      '{"timestamp": 3000, "input_length": 1100, "output_length": 6, "hash_ids": [0, 1, 2]}',
      '{"timestamp": 3500, "input_length": 600, "output_length": 60, "hash_ids": [0, 9]}',
      '',
    ].join('\n');
    expect(readTrace(text)).toEqual({
      blockTokens: 512,
      requests: [
        { at: 0, prompt: 1100, output: 6, blocks: [0, 1, 2] },
        { at: 500, prompt: 600, output: 60, blocks: [0, 9] },
      ],
    });
  });

  it.each([
    ['{"timestamp": 1, "input_length": 5}', 'line 1: answer tokens must be a number; got undefined'],
    [
      '{"timestamp": 1, "input_length": 5, "output_length": 5, "hash_ids": ["a"]}',
      'line 1: hash_ids must be a list of integers',
    ],
    ['{"timestamp": 1,', 'line 1: not JSON'],
  ])('with the line %s is refused: %s', (line, message) => {
    expect(() => readTrace(line)).toThrow(new RangeError(message));
  });
});

it('a file of another kind is refused with what was expected', () => {
  expect(() => readTrace('time,tokens\n1,2\n')).toThrow(/line 1: expected TIMESTAMP,ContextTokens/);
});

/** The value below which a share lies. */
function rank(values: readonly number[], share: number): number {
  return [...values].sort((one, other) => one - other)[Math.ceil(share * values.length) - 1] ?? 0;
}

/** Share of blocks that an endless cache would have had. */
function hitRate({ requests }: Trace): number {
  const seen = new Set<number>();
  let [hits, all] = [0, 0];
  for (const { blocks } of requests) {
    const first = blocks.findIndex((id) => !seen.has(id));
    hits += first === -1 ? blocks.length : first;
    all += blocks.length;
    for (const id of blocks) seen.add(id);
  }
  return hits / all;
}

describe('a generated trace', () => {
  it.each(Object.keys(TRACE_SHAPES) as TraceShapeName[])(
    'like %s has the percentiles of lengths of the recorded one, and its rate and bursts',
    (name) => {
      const shape = TRACE_SHAPES[name];
      const { requests } = generateTrace({ shape: name, requests: 20_000 });
      for (const share of [0.25, 0.5, 0.75, 0.9, 0.95]) {
        for (const key of ['prompt', 'output'] as const) {
          const [expected, found] = [
            quantile(shape[key], share),
            rank(
              requests.map((one) => one[key]),
              share,
            ),
          ];
          expect(Math.abs(found / expected - 1), `${key} ${share}: ${found} for ${expected}`).toBeLessThan(
            0.1,
          );
        }
      }
      const gaps = requests.slice(1).map(({ at }, index) => at - (requests[index]?.at ?? 0));
      const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
      const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length);
      expect(Math.abs(1000 / mean / shape.rate - 1)).toBeLessThan(0.25);
      expect(Math.abs(deviation / mean / shape.burstiness - 1)).toBeLessThan(0.25);
    },
  );

  it('like shared-prefix shares prompts as the recorded one does: 64 % of the blocks, within a few points', () => {
    expect(Math.abs(hitRate(generateTrace({ shape: 'shared-prefix' })) - 0.64)).toBeLessThan(0.08);
  });

  it('like conversation opens every prompt that is long enough with the same block, and goes on with others', () => {
    const trace = generateTrace({ shape: 'conversation' });
    expect(trace.requests.every(({ prompt, blocks }) => prompt < 512 || blocks[0] === 0)).toBe(true);
    expect(Math.abs(hitRate(trace) - 0.37)).toBeLessThan(0.08);
  });

  it('is the same from the same seed, and another from another', () => {
    const make = (seed: number) => generateTrace({ requests: 50, seed });
    expect(make(3)).toEqual(make(3));
    expect(make(3)).not.toEqual(make(4));
  });

  it.each([
    ['shape', { shape: 'tea' }],
    ['shape.rate', { shape: { ...TRACE_SHAPES.chat, rate: 0 } }],
    ['shape.burstiness', { shape: { ...TRACE_SHAPES.chat, burstiness: 0.5 } }],
    ['shape.reuse', { shape: { ...TRACE_SHAPES.chat, reuse: 2 } }],
    ['shape.commonBlocks', { shape: { ...TRACE_SHAPES.chat, commonBlocks: -1 } }],
    ['shape.prompt', { shape: { ...TRACE_SHAPES.chat, prompt: [[0, 5]] } }],
    ['shape.hours', { shape: { ...TRACE_SHAPES.chat, hours: 1 } }],
    ['requests', { requests: 0 }],
    ['seed', { seed: 1.5 }],
    ['options.size', { size: 1 }],
  ])('is refused when %s is wrong', (option, options) => {
    expect(() => generateTrace(options as object)).toThrow(expect.objectContaining({ option }));
  });
});

it('a trace at another rate keeps its order and the proportions of its gaps', () => {
  const { requests } = generateTrace({ requests: 200 });
  const faster = atRate(requests, 50);
  expect(requestRate(faster)).toBeCloseTo(50, 6);
  const stretch = (faster[100]?.at ?? 0) / (requests[100]?.at ?? 1);
  for (const [index, { at }] of faster.entries())
    expect(at).toBeCloseTo((requests[index]?.at ?? 0) * stretch, 6);
});
