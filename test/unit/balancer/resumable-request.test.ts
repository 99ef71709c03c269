import { describe, expect, it } from 'vitest';
import {
  endsInsideStop,
  lowerLimits,
  readResumable,
} from '../../../src/balancer/request/resumable-request.js';

const CHAT = '/v1/chat/completions';
const BASE = { stream: true, messages: [{ role: 'user', content: 'Hi' }] };
const read = (extra: object = {}, path = CHAT) =>
  readResumable(path, Buffer.from(JSON.stringify({ ...BASE, ...extra })));

describe('A request whose answer can be continued elsewhere', () => {
  it.each<[string, object]>([
    ['is a plain chat stream', {}],
    ['may ask for one choice', { n: 1 }],
    ['may ask for text', { response_format: { type: 'text' }, modalities: ['text'] }],
    ['may name no tools', { tools: [], tool_choice: 'none', logprobs: false, top_logprobs: null }],
    ['may have limits, stop sequences and a seed', { max_tokens: 5, stop: ['x'], seed: 1, temperature: 0 }],
    [
      'may have a template of its own',
      { chat_template_kwargs: { thinking: false }, add_generation_prompt: true },
    ],
  ])('%s', (_name, extra) => {
    expect(read(extra)).toEqual({ ...BASE, ...extra });
  });

  it('may come with a query and a base path', () => {
    expect(read({}, `/openai${CHAT}?api-version=1`)).toEqual(BASE);
  });

  it.each<[string, object]>([
    ['does not stream', { stream: false }],
    ['has tools', { tools: [{ type: 'function' }] }],
    ['has functions', { functions: [{ name: 'f' }] }],
    ['wants several choices', { n: 2 }],
    ['wants the best of several', { best_of: 2 }],
    ['searches by beams', { use_beam_search: true }],
    ['wants log probabilities', { logprobs: true }],
    ['wants other log probabilities', { top_logprobs: 3 }],
    ['wants those of the prompt', { prompt_logprobs: 0 }],
    ['wants token ids', { return_token_ids: true }],
    ['wants JSON', { response_format: { type: 'json_object' } }],
    ['wants JSON of a schema', { response_format: { type: 'json_schema', json_schema: {} } }],
    ['is guided by a schema', { guided_json: {} }],
    ['is guided by a pattern', { guided_regex: 'a' }],
    ['is guided by choices', { guided_choice: ['a', 'b'] }],
    ['is guided by a grammar', { guided_grammar: 'root ::= "a"' }],
    ['has structured outputs', { structured_outputs: { choice: ['a'] } }],
    ["has SGLang's pattern", { regex: 'a' }],
    ["has SGLang's schema", { json_schema: '{}' }],
    ["has SGLang's grammar", { ebnf: 'root ::= "a"' }],
    ["has SGLang's structural tag", { structural_tag: {} }],
    ["has llama.cpp's grammar", { grammar: 'root ::= "a"' }],
    ['wants audio', { modalities: ['text', 'audio'] }],
    ['says how audio should sound', { audio: { voice: 'a' } }],
    ['searches the web', { web_search_options: { user_location: null } }],
    ['continues a message', { continue_final_message: true }],
    ['wants its message echoed', { echo: true }],
    ['has no generation prompt', { add_generation_prompt: false }],
    ['ends with an answer', { messages: [...BASE.messages, { role: 'assistant', content: 'A' }] }],
    ['has no messages', { messages: [] }],
    ['has messages that are no list', { messages: 'Hi' }],
  ])('is none that %s', (_name, extra) => {
    expect(read(extra)).toBeUndefined();
  });

  it('is none of another API', () => {
    for (const path of [
      '/v1/completions',
      '/v1/responses',
      '/v1/messages',
      '/api/chat',
      '/v1/chat/completions/x',
    ])
      expect(read({}, path)).toBeUndefined();
  });

  it('is none that is no JSON', () => {
    expect(readResumable(CHAT, Buffer.from('{"stream":'))).toBeUndefined();
  });
});

describe('The limits of the rest', () => {
  it('are lower by what has been produced; the request of the caller stays as it is', () => {
    const request = { ...BASE, max_tokens: 10, max_completion_tokens: 12, min_tokens: 8, temperature: 0 };
    const before = structuredClone(request);
    expect(lowerLimits(request, 4)).toEqual({
      ...request,
      max_tokens: 6,
      max_completion_tokens: 8,
      min_tokens: 4,
    });
    expect(lowerLimits(request, 9)).toMatchObject({ max_tokens: 1, min_tokens: 0 });
    expect(request).toEqual(before);
  });

  it('are used up when one of them is', () => {
    expect(lowerLimits({ ...BASE, max_tokens: 10, max_completion_tokens: 12 }, 10)).toBeUndefined();
  });

  it('are none where there were none', () => {
    expect(lowerLimits({ ...BASE, max_tokens: null }, 10)).toEqual({ ...BASE, max_tokens: null });
  });
});

describe('A stop sequence', () => {
  it.each([
    ['END', 'the E', true],
    ['END', 'the EN', true],
    ['END', 'the end', false],
    [['x', '###'], 'text ##', true],
    [['x', '###'], 'text', false],
    [undefined, 'text', false],
    [null, 'text', false],
    ['', 'text', false],
  ])('%j has begun at the end of %j: %j', (stop, text, expected) => {
    expect(endsInsideStop({ ...BASE, stop }, text)).toBe(expected);
  });
});
