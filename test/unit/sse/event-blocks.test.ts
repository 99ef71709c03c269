import { describe, expect, it } from 'vitest';
import { EventBlocks } from '../../../src/sse/event-blocks.js';

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();

/** The blocks of a stream that comes in pieces of `size` bytes, and what is left. */
function cut(stream: string, size: number) {
  const bytes = Buffer.from(stream);
  const blocks = new EventBlocks();
  const found: string[] = [];
  for (let at = 0; at < bytes.length; at += size)
    found.push(...blocks.push(bytes.subarray(at, at + size)).map(text));
  return { found, rest: text(blocks.rest) };
}

describe('A stream cut into its events', () => {
  const first = 'event: x\ndata: Grüße 🦊\n\n';
  for (const [name, end] of [
    ['line feeds', '\n'],
    ['carriage returns and line feeds', '\r\n'],
    ['carriage returns', '\r'],
  ] as const) {
    it(`is the same for lines that end with ${name}, in pieces of every size`, () => {
      const events = [first, ': comment\n\n', 'data: a\ndata: b\n\n'].map((event) =>
        event.replaceAll('\n', end),
      );
      const stream = `${events.join('')}data: c`;
      for (let size = 1; size <= stream.length; size++)
        expect(cut(stream, size)).toEqual({ found: events, rest: 'data: c' });
    });
  }

  it('keeps back an event whose blank line has not come', () => {
    expect(cut('data: a\n', 3)).toEqual({ found: [], rest: 'data: a\n' });
  });

  it('loses no byte', () => {
    const stream = '\n\ndata: a\n\n\n\r\n: x\r\r\ndata: b\n\r\nrest';
    for (let size = 1; size < 9; size++) {
      const { found, rest } = cut(stream, size);
      expect(found.join('') + rest).toBe(stream);
    }
  });
});
