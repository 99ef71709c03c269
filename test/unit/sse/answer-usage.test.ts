import { describe, expect, it } from 'vitest';
import { answerUsage } from '../../../src/sse/answer-usage.js';

const read = (answer: unknown) =>
  answerUsage(Buffer.from(typeof answer === 'string' ? answer : JSON.stringify(answer)));

describe('answerUsage', () => {
  it('reads what OpenAI reports, details and all', () => {
    const usage = {
      prompt_tokens: 12,
      prompt_tokens_details: { cached_tokens: 4 },
      completion_tokens: 7,
      total_tokens: 19,
    };
    expect(read({ choices: [], usage, service_tier: 'x' })).toEqual({ prompt: 12, completion: 7 });
  });

  it('reads what Anthropic and the responses API report', () => {
    expect(read({ content: [], usage: { input_tokens: 3, output_tokens: 5 } })).toEqual({
      prompt: 3,
      completion: 5,
    });
  });

  it('reads the counts that Ollama has at the top level', () => {
    expect(read('{"done":true,"prompt_eval_count": 26,"eval_count":298}')).toEqual({
      prompt: 26,
      completion: 298,
    });
  });

  it('reads the tail of a long answer only', () => {
    const long = { embedding: new Array(5_000).fill(0.125), usage: { prompt_tokens: 8, total_tokens: 8 } };
    expect(read(long)).toEqual({ prompt: 8, completion: undefined });
  });

  it('takes the report, not a text that speaks of one', () => {
    const choices = [{ message: { content: 'say "usage": {"prompt_tokens": 1}' } }];
    expect(read({ choices, usage: { prompt_tokens: 2, completion_tokens: 3 } })).toEqual({
      prompt: 2,
      completion: 3,
    });
    expect(read({ choices })).toBeUndefined();
  });

  it('takes the counts of the report itself, not those of the details in it', () => {
    const details = { prompt_tokens: 90, 'odd "}" name': '}', list: [{ completion_tokens: 91 }] };
    const usage = { details, prompt_tokens: 2, cost: 'prompt_tokens', completion_tokens: 3 };
    expect(read({ usage })).toEqual({ prompt: 2, completion: 3 });
  });

  it('reads a report that is written on many lines', () => {
    const usage = { prompt_tokens: 21, completion_tokens: 0 };
    expect(read(JSON.stringify({ choices: [], usage }, undefined, '\t'))).toEqual({
      prompt: 21,
      completion: 0,
    });
  });

  it('does not take for a count what is none', () => {
    const none = { prompt: undefined, completion: undefined };
    expect(read({ usage: { prompt_tokens: null, completion_tokens: '9' } })).toEqual(none);
    expect(read({ usage: { prompt_tokens: -4 } })).toEqual(none);
  });

  it('knows nothing of an answer without a report, or with a broken one', () => {
    for (const answer of ['', '[]', '{}', '{"usage":null}', '{"usage":7}', '{"usage":{"prompt_tokens":']) {
      expect(read(answer)).toBeUndefined();
    }
  });
});
