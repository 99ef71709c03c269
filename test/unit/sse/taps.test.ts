import { describe, expect, it } from 'vitest';
import { NdjsonTap } from '../../../src/sse/ndjson-tap.js';
import { SseTap } from '../../../src/sse/sse-tap.js';
import type { StreamTap } from '../../../src/sse/stream-findings.js';
import { fc } from '../../support/property.js';
import { COMMENT, DONE, FINISH, ROLE, token } from '../../support/tap-rig.js';

/** The findings after the chunks and the end. */
function watch(tap: StreamTap, ...chunks: (string | Uint8Array)[]) {
  for (const chunk of chunks) tap.observe(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
  tap.end();
  return { ...tap.findings };
}

/** The bytes cut at these places. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const edges = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge));
}

const STREAM = [
  COMMENT,
  ROLE,
  token('Hello'),
  COMMENT,
  token(' world'),
  token(' 👍🏽 日本語 ü'),
  token(' "quoted" \\ \n new line'),
  'event: chunk\nid: 7\nretry: 10\ndata: {"choices":\ndata: [{"delta":{"content":"two lines"}}]}\n\n',
  FINISH,
  'data: {"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":4}}\n\n',
  DONE,
].join('');
const OLLAMA = [
  '{"message":{"role":"assistant","content":"Hi 👍🏽"},"done":false}',
  '{"message":{"role":"assistant","content":" 日本語"},"done":false}',
  '{"message":{"role":"assistant","content":""},"done":true,"prompt_eval_count":5,"eval_count":2}',
].join('\n');

const places = fc.array(fc.nat(), { maxLength: 30 });

describe('SseTap', () => {
  const expected = {
    contentEvents: 5,
    dataEvents: 9,
    done: true,
    finished: true,
    malformed: false,
    blind: false,
  };

  it('finds the same wherever the bytes are cut, with every kind of line end and a byte-order mark', () => {
    fc.assert(
      fc.property(places, fc.constantFrom('\n', '\r\n', '\r'), fc.boolean(), (cuts, lineEnd, mark) => {
        const text = (mark ? '\ufeff' : '') + STREAM.replaceAll('\n', lineEnd);
        const findings = watch(new SseTap(), ...cut(Buffer.from(text), cuts));
        expect(findings).toMatchObject(expected);
        expect(findings.usage).toEqual({ prompt: 5, completion: 4 });
      }),
      { numRuns: 500 },
    );
  });

  it('takes a byte-order mark for one at the beginning of a stream alone', () => {
    const [before, after] = ['data: {"choices":[{"delta":{"content":"', '"}}]}\n\n'];
    expect(watch(new SseTap(), before, `\ufeff${after}`).contentEvents).toBe(1);
    expect(watch(new SseTap(), '', `\ufeff${before}x${after}`).contentEvents).toBe(1);
  });

  it('finds the same byte by byte', () => {
    const bytes = Buffer.from(STREAM);
    const everywhere = Array.from(bytes, (_, index) => index);
    expect(watch(new SseTap(), ...cut(bytes, everywhere))).toMatchObject(expected);
  });

  it('counts the same events as a parser of each one would, whatever their text', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { maxLength: 20 }), places, (texts, cuts) => {
        const bytes = Buffer.from(texts.map(token).join(''));
        const findings = watch(new SseTap(), ...cut(bytes, cuts));
        expect(findings.contentEvents).toBe(texts.filter((text) => text !== '').length);
        expect(findings.dataEvents).toBe(texts.length);
        expect(findings.malformed).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it('is not taken in by an event that resembles the ones before', () => {
    const like = (text: string) => `data: {"choices":[{"delta":{"content":"${text}"}}]}\n\n`;
    // Same beginning, same end, and a broken string or a closing brace in between.
    expect(watch(new SseTap(), like('a'), like('b\\')).malformed).toBe(true);
    expect(watch(new SseTap(), like('a'), like('b\u0007')).malformed).toBe(true);
    expect(watch(new SseTap(), like('a'), like('"}},{"delta":{"content":"x'))).toMatchObject({
      contentEvents: 2,
      malformed: false,
    });
    expect(watch(new SseTap(), like('a'), like('')).contentEvents).toBe(1);
    expect(watch(new SseTap(), like('a'), like('b"},"finish_reason":"stop","x":{"y":"'))).toMatchObject({
      contentEvents: 2,
      finished: true,
    });
    expect(watch(new SseTap(), like('a'), `event: error\n${like('b')}`).error).toBeDefined();
  });

  it('takes no comment for content', () => {
    expect(watch(new SseTap(), COMMENT, ': data: [DONE]\n\n', ':\n\n', '\n\n\n')).toMatchObject({
      contentEvents: 0,
      dataEvents: 0,
      done: false,
    });
  });

  it.each(['data: [DONE]', 'data: [DONE]\n', 'data: [DONE]\r', 'data:[DONE]\r\n'])(
    'sees a terminator without its blank line: %j',
    (text) => {
      const tap = new SseTap();
      tap.observe(Buffer.from(text));
      expect(tap.findings.done).toBe(false);
      tap.end();
      expect(tap.findings.done).toBe(true);
    },
  );

  it('goes blind for an event over the limit, and stays so without an error', () => {
    const tap = new SseTap();
    tap.observe(Buffer.from(token('a')));
    tap.observe(Buffer.from(`data: ${'x'.repeat(1024 * 1024)}`));
    expect(tap.findings.blind).toBe(true);
    tap.observe(Buffer.from(`\n\n${DONE}`));
    tap.end();
    expect(tap.findings).toMatchObject({ blind: true, contentEvents: 1, done: false });
  });

  it('sees an event just under the limit', () => {
    expect(watch(new SseTap(), token('x'.repeat(1000 * 1024)))).toMatchObject({
      blind: false,
      contentEvents: 1,
    });
  });
});

describe('NdjsonTap', () => {
  it('finds the same wherever the bytes are cut, with either line end and a byte-order mark', () => {
    fc.assert(
      fc.property(
        places,
        fc.constantFrom('\n', '\r\n', '\n\n'),
        fc.boolean(),
        fc.boolean(),
        (cuts, lineEnd, mark, last) => {
          const text = (mark ? '\ufeff' : '') + OLLAMA.replaceAll('\n', lineEnd) + (last ? lineEnd : '');
          const findings = watch(new NdjsonTap(), ...cut(Buffer.from(text), cuts));
          expect(findings).toMatchObject({ contentEvents: 2, dataEvents: 3, done: true, malformed: false });
          expect(findings.usage).toEqual({ prompt: 5, completion: 2 });
        },
      ),
      { numRuns: 500 },
    );
  });

  it('goes blind for a line over the limit', () => {
    const tap = new NdjsonTap();
    for (let count = 0; count < 20; count++) tap.observe(Buffer.alloc(64 * 1024, 0x78));
    expect(tap.findings.blind).toBe(true);
    tap.observe(Buffer.from('\n{"done":true}\n'));
    tap.end();
    expect(tap.findings).toMatchObject({ done: false, malformed: false });
  });
});

describe.each<[string, () => StreamTap]>([
  ['SseTap', () => new SseTap()],
  ['NdjsonTap', () => new NdjsonTap()],
])('%s with any bytes', (_, make) => {
  it('never throws', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.string({ unit: 'binary', maxLength: 100 }).map((text) => Buffer.from(text)),
      fc
        .array(
          fc.constantFrom(
            'data: ',
            '{',
            '}',
            '"choices"',
            ':',
            '[',
            ']',
            '\n',
            '\r',
            '\u0000',
            'event: error',
            '1',
            '\xff',
          ),
          { maxLength: 40 },
        )
        .map((parts) => Buffer.from(parts.join(''), 'latin1')),
      fc.json().map((text) => Buffer.from(`data: ${text}\n\n${text}\n`)),
    );
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 8 }), (chunks) => {
        const findings = watch(make(), ...chunks);
        expect(findings.contentEvents).toBeLessThanOrEqual(findings.dataEvents);
      }),
      { numRuns: 1_000 },
    );
  });
});
