import { describe, expect, it } from 'vitest';
import { SseTap } from '../../../src/sse/sse-tap.js';

const event = (text: string) => `data: {"choices":[{"index":0,"delta":{"content":"${text}"}}]}\n\n`;
const bytes = (text: string) => Buffer.from(text);

describe('streams that share a parser between their events', () => {
  it('do not see what another was in the middle of', () => {
    const [one, other] = [new SseTap(), new SseTap()];
    const whole = event('a token');
    one.observe(bytes(whole.slice(0, 30)));
    other.observe(bytes(whole + whole));
    one.observe(bytes(whole.slice(30)));
    other.observe(bytes('data: [DO'));
    one.observe(bytes('data: [DONE]\n\n'));
    expect(one.findings).toMatchObject({ contentEvents: 1, done: true, malformed: false });
    expect(other.findings).toMatchObject({ contentEvents: 2, done: false, malformed: false });
    other.observe(bytes('NE]\n\n'));
    expect(other.findings).toMatchObject({ contentEvents: 2, done: true, malformed: false });
  });

  it('each may begin with a byte-order mark, in one piece or in several', () => {
    const [one, other] = [new SseTap(), new SseTap()];
    const marked = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes(event('x'))]);
    one.observe(marked);
    other.observe(marked.subarray(0, 2));
    one.observe(bytes(event('y')));
    other.observe(marked.subarray(2));
    expect(one.findings.contentEvents).toBe(2);
    expect(other.findings.contentEvents).toBe(1);
  });

  it('lose none of it to one whose event was too long', () => {
    const [one, other] = [new SseTap(), new SseTap()];
    one.observe(bytes(`data: ${'x'.repeat(1024 * 1024 + 1)}`));
    expect(one.findings.blind).toBe(true);
    other.observe(bytes(event('z')));
    expect(other.findings).toMatchObject({ contentEvents: 1, blind: false });
  });
});
