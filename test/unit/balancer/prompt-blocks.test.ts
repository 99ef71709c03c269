import { describe, expect, it } from 'vitest';
import { promptBlocks } from '../../../src/balancer/request/prompt-blocks.js';

interface Message {
  role: string;
  content: string;
}

const text = (length: number, seed = 'x') => seed.repeat(length).slice(0, length);
const message = (content: string, role = 'user'): Message => ({ role, content });
const blocksOf = (body: unknown, model = 'm', indent?: number) =>
  promptBlocks(Buffer.from(JSON.stringify(body, null, indent)), model);
const common = (one: readonly number[], other: readonly number[]) => {
  const differs = one.findIndex((block, index) => block !== other[index]);
  return differs === -1 ? one.length : differs;
};

const first = [message(text(3_000, 'The beginning. '), 'system'), message(text(1_000, 'A question. '))];

describe('promptBlocks', () => {
  it('gives a block for every 512 bytes of the prompt, and none for what is left', () => {
    expect(blocksOf({ messages: [message(text(400))] })).toEqual([]);
    expect(blocksOf({ prompt: text(510) })).toHaveLength(1);
    expect(blocksOf({ prompt: text(5_119) })).toHaveLength(10);
  });

  it('gives a conversation that goes on the blocks of its last turn, and some more', () => {
    const before = blocksOf({ messages: first });
    const after = blocksOf({ messages: [...first, message(text(2_000, 'An answer. '), 'assistant')] });
    expect(before.length).toBeGreaterThan(6);
    expect(common(before, after)).toBe(before.length);
    expect(after.length).toBeGreaterThan(before.length + 3);
  });

  it('gives prompts that differ the blocks before the difference in common, and no later one', () => {
    const one = `${text(2_000)}1${text(3_000)}`;
    const other = `${text(2_000)}2${text(3_000)}`;
    const [left, right] = [blocksOf({ prompt: one }), blocksOf({ prompt: other })];
    expect(common(left, right)).toBe(3);
    expect(left.slice(3).some((block) => right.includes(block))).toBe(false);
  });

  it('does not tell one order of fields, blanks between tokens or other parameters from another', () => {
    const plain = blocksOf({ model: 'm', messages: first });
    expect(blocksOf({ messages: first, temperature: 0.7, stream: true }, 'm', 2)).toEqual(plain);
  });

  it('tells blanks inside a text apart, whatever quotes and backslashes stand before them', () => {
    for (const before of ['', '"', '\\', '\\"', '{ "a": ', '\\\\" ']) {
      const [one, other] = [`${before}a b${text(600)}`, `${before}ab${text(600)}`];
      expect(common(blocksOf({ prompt: one }), blocksOf({ prompt: other }))).toBe(0);
    }
  });

  it('begins with the tools and the system prompt, where they have fields of their own', () => {
    const tools = [{ type: 'function', function: { name: text(600) } }];
    const with1 = blocksOf({ messages: first, tools });
    const with2 = blocksOf({ messages: [message(text(5_000, 'Something else. '))], tools });
    expect(common(with1, with2)).toBe(1);
    expect(common(with1, blocksOf({ messages: first }))).toBe(0);
  });

  it('tells models apart: a cache is one model’s', () => {
    expect(common(blocksOf({ messages: first }, 'a'), blocksOf({ messages: first }, 'b'))).toBe(0);
  });

  it('is bounded, however long the prompt', () => {
    expect(blocksOf({ prompt: text(2_000_000) })).toHaveLength(512);
  });

  it.each(['{"messages":"', '[]', 'null', '', '{}', '{"messages":null}', '{"model":"m"}'])(
    'has none for %j',
    (body) => {
      expect(promptBlocks(Buffer.from(body), undefined)).toEqual([]);
    },
  );

  it('gives integers that a number holds exactly, all different over a long text of one letter', () => {
    const blocks = blocksOf({ prompt: text(200_000) });
    expect(blocks.every((block) => Number.isSafeInteger(block) && block >= 0)).toBe(true);
    expect(new Set(blocks).size).toBe(blocks.length);
  });
});
