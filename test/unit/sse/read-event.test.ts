import { describe, expect, it } from 'vitest';
import { readEvent } from '../../../src/sse/read-event.js';
import { StreamFindings } from '../../../src/sse/stream-findings.js';

/** What reading these events shows; an event may have a name in front: `['error', {...}]`. */
function read(...events: (object | string)[]): StreamFindings {
  const findings = new StreamFindings();
  for (const event of events) {
    const [name, data] = Array.isArray(event) ? event : [undefined, event];
    readEvent(name, typeof data === 'string' ? data : JSON.stringify(data), findings);
  }
  return findings;
}
const chunk = (delta: object, finish: string | null = null) => ({
  object: 'chat.completion.chunk',
  choices: [{ index: 0, delta, finish_reason: finish }],
});

describe('content', () => {
  it.each<[string, object]>([
    ['text of a chat', chunk({ content: 'Hi' })],
    ['text beside the role', chunk({ role: 'assistant', content: 'Hi' })],
    ['reasoning', chunk({ content: null, reasoning_content: 'hm' })],
    ['reasoning, as vLLM names it', chunk({ reasoning: 'hm' })],
    ['a tool call', chunk({ tool_calls: [{ index: 0, function: { name: 'f', arguments: '' } }] })],
    ['a function call', chunk({ function_call: { name: 'f' } })],
    ['a refusal', chunk({ refusal: 'no' })],
    ['audio', chunk({ audio: { data: 'AAAA' } })],
    ['text with the finish reason', chunk({ content: 'end' }, 'stop')],
    ['the text of a completion', { choices: [{ index: 0, text: 'Hi', finish_reason: null }] }],
    ['the second of two choices', { choices: [{ delta: {} }, { delta: { content: 'x' } }] }],
    ['a delta of responses', { type: 'response.output_text.delta', delta: 'Hi' }],
    ['function arguments of responses', { type: 'response.function_call_arguments.delta', delta: '{' }],
    ['a partial image', { type: 'response.image_generation_call.partial_image', partial_image_b64: 'x' }],
    ['a delta of messages', { type: 'content_block_delta', delta: { type: 'text_delta', text: 'Hi' } }],
    [
      'thinking of messages',
      { type: 'content_block_delta', delta: { type: 'thinking_delta', thinking: 'a' } },
    ],
    ['an Ollama message', { message: { role: 'assistant', content: 'Hi' }, done: false }],
    ['an Ollama tool call', { message: { role: 'assistant', content: '', tool_calls: [{}] }, done: false }],
    ['an Ollama response', { response: 'Hi', done: false }],
    ['Ollama thinking', { response: '', thinking: 'hm', done: false }],
    ['an event of an unknown type', { type: 'speech.audio.delta', audio: 'x' }],
    ['an object of an unknown shape', { token: { text: 'Hi' } }],
  ])('is %s', (_, event) => {
    const findings = read(event);
    expect(findings.contentEvents).toBe(1);
    expect(findings.malformed).toBe(false);
    expect(findings.error).toBeUndefined();
  });

  it.each<[string, object | string]>([
    ['a role', chunk({ role: 'assistant' })],
    ['a role with empty content', chunk({ role: 'assistant', content: '' })],
    ['an empty delta', chunk({})],
    ['null fields', chunk({ content: null, refusal: null, tool_calls: null })],
    ['empty lists and objects', chunk({ tool_calls: [], function_call: {} })],
    ['a finish reason', chunk({}, 'stop')],
    ['a delta that is none', { choices: [{ index: 0, delta: null }] }],
    ['a choice that is none', { choices: [null] }],
    ['no choices', { choices: [] }],
    ['usage alone', { choices: [], usage: { prompt_tokens: 1, completion_tokens: 2 } }],
    ['an empty completion', { choices: [{ text: '', finish_reason: null }] }],
    ['the beginning of a response', { type: 'response.created', response: {} }],
    ['progress of a response', { type: 'response.in_progress', response: {} }],
    ['a new item of a response', { type: 'response.output_item.added', item: {} }],
    ['the end of a text', { type: 'response.output_text.done', text: 'Hi' }],
    ['the end of a response', { type: 'response.completed', response: {} }],
    ['the beginning of a message', { type: 'message_start', message: {} }],
    ['the beginning of a block', { type: 'content_block_start', content_block: { type: 'text', text: '' } }],
    ['the end of a block', { type: 'content_block_stop' }],
    ['a ping', { type: 'ping' }],
    ['the change of a message', { type: 'message_delta', delta: { stop_reason: 'end_turn' } }],
    ['the end of a message', { type: 'message_stop' }],
    ['an Ollama keep-alive', { message: { role: 'assistant', content: '' }, done: false }],
    ['the terminator', '[DONE]'],
  ])('is not %s', (_, event) => {
    const findings = read(event);
    expect(findings.contentEvents).toBe(0);
    expect(findings.recognised).toBe(true);
    expect(findings.dataEvents).toBe(1);
  });

  it('is, for want of knowledge, whatever is not JSON and whatever is no object', () => {
    const findings = read('hello', '42', '"text"', '[1]', 'null');
    expect(findings.contentEvents).toBe(5);
    expect(findings.recognised).toBe(false);
    expect(findings.malformed).toBe(false);
  });
});

describe('the end of an answer', () => {
  it.each<[string, object | string]>([
    ['[DONE]', '[DONE]'],
    ['response.completed', { type: 'response.completed', response: {} }],
    ['response.incomplete', { type: 'response.incomplete', response: {} }],
    ['message_stop', { type: 'message_stop' }],
    ['"done": true', { response: '', done: true }],
  ])('is %s', (_, event) => {
    expect(read(event).done).toBe(true);
  });

  it('is not an event without data: what is left of one that was cut after its field name', () => {
    const { contentEvents, dataEvents, malformed } = read('');
    expect({ contentEvents, dataEvents, malformed }).toEqual({
      contentEvents: 0,
      dataEvents: 0,
      malformed: false,
    });
  });

  it('is not an event that only looks like it', () => {
    expect(read('[done]').done).toBe(false);
    expect(read({ type: 'response.output_item.done' }).done).toBe(false);
    expect(read({ done: false, response: 'x' }).done).toBe(false);
    expect(read(chunk({ content: '[DONE]' })).done).toBe(false);
  });

  it('may be a finish reason', () => {
    expect(read(chunk({}, 'length'))).toMatchObject({ finished: true, done: false });
    expect(read({ choices: [{ text: '', finish_reason: 'stop' }] }).finished).toBe(true);
    expect(read({ type: 'message_delta', delta: { stop_reason: 'tool_use' } }).finished).toBe(true);
    expect(read(chunk({ content: 'x' })).finished).toBe(false);
    expect(read({ type: 'message_delta', delta: { stop_reason: null } }).finished).toBe(false);
  });
});

describe('usage', () => {
  it.each<[string, object[], object]>([
    [
      'of OpenAI',
      [{ choices: [], usage: { prompt_tokens: 7, completion_tokens: 9 } }],
      { prompt: 7, completion: 9 },
    ],
    [
      'of responses',
      [{ type: 'response.completed', response: { usage: { input_tokens: 7, output_tokens: 9 } } }],
      { prompt: 7, completion: 9 },
    ],
    [
      'of Anthropic, whose last word comes with message_delta',
      [
        { type: 'message_start', message: { usage: { input_tokens: 7, output_tokens: 1 } } },
        { type: 'message_delta', delta: {}, usage: { output_tokens: 9 } },
      ],
      { prompt: 7, completion: 9 },
    ],
    ['of Ollama', [{ done: true, prompt_eval_count: 7, eval_count: 9 }], { prompt: 7, completion: 9 }],
    [
      'that grows with each chunk, as vLLM can send it',
      [1, 2, 3].map((count) => ({
        ...chunk({ content: 'x' }),
        usage: { prompt_tokens: 7, completion_tokens: count },
      })),
      { prompt: 7, completion: 3 },
    ],
    [
      'that is half there',
      [{ choices: [], usage: { prompt_tokens: 7 } }],
      { prompt: 7, completion: undefined },
    ],
    [
      'that is nonsense',
      [{ choices: [], usage: { prompt_tokens: -1, completion_tokens: '9' } }],
      { prompt: undefined, completion: undefined },
    ],
  ])('%s', (_, events, usage) => {
    expect(read(...events).usage).toEqual(usage);
  });

  it('is unknown when a server sends null, as with include_usage in all chunks but the last', () => {
    const findings = read({ ...chunk({ content: 'x' }), usage: null });
    expect(findings.usage).toBeUndefined();
    expect(findings.contentEvents).toBe(1);
  });
});

describe('an error', () => {
  it.each<[string, object | string[], object]>([
    [
      'of OpenAI',
      { error: { message: 'boom', type: 'server_error', code: null } },
      { type: 'server_error', message: 'boom' },
    ],
    ['as text', { error: 'boom' }, { type: 'error', message: 'boom' }],
    [
      'of OpenRouter, beside choices',
      {
        error: { code: 502, message: 'boom' },
        choices: [{ delta: { content: '' }, finish_reason: 'error' }],
      },
      { type: '502', message: 'boom' },
    ],
    [
      'of Anthropic',
      { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } },
      { type: 'overloaded_error', message: 'Overloaded' },
    ],
    [
      'of responses',
      { type: 'error', code: 'server_error', message: 'boom' },
      { type: 'error', message: 'boom' },
    ],
    [
      'of a failed response',
      { type: 'response.failed', response: { error: { code: 'server_error', message: 'boom' } } },
      { type: 'server_error', message: 'boom' },
    ],
    ['by the name of its event', ['error', '{"message":"boom"}'], { type: 'error', message: 'boom' }],
    [
      'of vLLM',
      { object: 'error', message: 'boom', error: { message: 'boom', code: 500 } },
      { type: '500', message: 'boom' },
    ],
  ])('%s', (_, event, error) => {
    const findings = read(event);
    expect(findings.error).toEqual(error);
    expect(findings.contentEvents).toBe(0);
  });

  it.each([null, '', false])('is none where the field is %j', (error) => {
    const findings = read({ ...chunk({ content: 'x' }), error });
    expect(findings.error).toBeUndefined();
    expect(findings.contentEvents).toBe(1);
    expect(read({ type: 'response.created', response: { error } }).error).toBeUndefined();
  });

  it('is remembered as it came first', () => {
    expect(read({ error: 'one' }, { error: 'two' }).error?.message).toBe('one');
  });
});

describe('a malformed event', () => {
  it('is what begins as an object and is no JSON', () => {
    expect(read('{"choices":[').malformed).toBe(true);
  });

  it('is anything that is no JSON in a stream that was JSON', () => {
    expect(read(chunk({ content: 'x' }), 'Internal Server Error')).toMatchObject({
      malformed: true,
      contentEvents: 1,
    });
  });
});
