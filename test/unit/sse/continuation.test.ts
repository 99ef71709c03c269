import { describe, expect, it } from 'vitest';
import { type ChatChunk, readChatEvent } from '../../../src/sse/chat-event.js';
import { ChatTranscript } from '../../../src/sse/chat-transcript.js';
import { Continuation, lengthEvent } from '../../../src/sse/continuation.js';

const HEAD = {
  id: 'first',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'm',
  system_fingerprint: 'a',
};

function read(value: unknown, name?: string) {
  const data = typeof value === 'string' ? value : JSON.stringify(value);
  return readChatEvent(Buffer.from(`${name === undefined ? '' : `event: ${name}\n`}data: ${data}\n\n`));
}

function chunk(delta: object, extra: object = {}, choice: object = {}): ChatChunk {
  const event = read({ ...HEAD, choices: [{ index: 0, delta, finish_reason: null, ...choice }], ...extra });
  if (event.kind !== 'chunk') throw new Error(`a chunk was read as ${event.kind}`);
  return event;
}

/** A stream of these pieces that has broken off, and what continues it. */
function brokenAfter(...pieces: string[]) {
  const transcript = new ChatTranscript(1_000);
  transcript.note(chunk({ role: 'assistant', content: '' }));
  for (const content of pieces) transcript.note(chunk({ content }));
  const { soFar } = transcript;
  transcript.seam();
  const continuation = new Continuation(transcript, soFar);
  const next = (one: ChatChunk) => {
    const bytes = continuation.rewrite(one);
    return bytes === undefined ? undefined : JSON.parse(Buffer.from(bytes).toString().slice('data: '.length));
  };
  return { transcript, soFar, next };
}

describe('An event of a chat stream', () => {
  it.each<[string, unknown, string | undefined, object]>([
    ['text', { choices: [{ index: 0, delta: { content: 'x' } }] }, undefined, { kind: 'chunk', text: 'x' }],
    [
      'the finish',
      { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
      undefined,
      { finished: true },
    ],
    [
      'usage',
      { choices: [], usage: { prompt_tokens: 1 } },
      undefined,
      { usage: { prompt_tokens: 1 }, text: '' },
    ],
    ['the terminator', '[DONE]', undefined, { kind: 'done' }],
    ['an error', { error: { message: 'x' } }, undefined, { kind: 'bad', reason: 'error-event' }],
    ['an event named error', { message: 'x' }, 'error', { kind: 'bad', reason: 'error-event' }],
    [
      'an answer that is given up',
      { choices: [{ delta: { content: 'x' }, finish_reason: 'abort' }] },
      undefined,
      { kind: 'bad', reason: 'aborted' },
    ],
    ['broken JSON', '{"choices":', undefined, { kind: 'bad', reason: 'malformed' }],
    [
      'empty fields of other kinds',
      { choices: [{ delta: { content: 'x', refusal: null, tool_calls: [] } }] },
      undefined,
      { kind: 'chunk' },
    ],
    ['a tool call', { choices: [{ delta: { tool_calls: [{ index: 0 }] } }] }, undefined, { kind: 'foreign' }],
    ['reasoning', { choices: [{ delta: { reasoning_content: 'hm' } }] }, undefined, { kind: 'foreign' }],
    [
      'log probabilities',
      { choices: [{ delta: { content: 'x' }, logprobs: { content: [{}] } }] },
      undefined,
      { kind: 'foreign' },
    ],
    ['a second choice', { choices: [{ index: 1, delta: { content: 'x' } }] }, undefined, { kind: 'foreign' }],
    [
      'text in parts',
      { choices: [{ delta: { content: [{ type: 'text' }] } }] },
      undefined,
      { kind: 'foreign' },
    ],
    ['another protocol', { type: 'response.created' }, undefined, { kind: 'foreign' }],
  ])('is read: %s', (_name, value, name, expected) => {
    expect(read(value, name)).toMatchObject(expected);
  });

  it('that is a comment alone is none', () => {
    expect(readChatEvent(Buffer.from(': keep-alive\n\n'))).toEqual({ kind: 'none' });
  });

  it('may have its data in several lines, each with its own end', () => {
    expect(readChatEvent(Buffer.from('data: {"choices":\r\ndata:[]}\r\r'))).toMatchObject({ kind: 'chunk' });
  });
});

describe('How far an answer has come', () => {
  it('leaves out white space at the end, and the tokens that were nothing else', () => {
    expect(brokenAfter('One', ' two', '.', '\n', '\n').soFar).toEqual({
      text: 'One two.',
      trimmed: '\n\n',
      tokens: 3,
    });
  });

  it('is counted by the endpoint where it counts as it goes', () => {
    const transcript = new ChatTranscript(1_000);
    transcript.note(chunk({ content: 'a b c' }, { usage: { prompt_tokens: 9, completion_tokens: 3 } }));
    expect(transcript.soFar.tokens).toBe(3);
    expect(transcript.promptTokens).toBe(9);
  });

  it('is not whole with half a character at its end, or beyond its limit', () => {
    const half = new ChatTranscript(10);
    half.note(chunk({ content: 'x\ud83e' }));
    expect(half.whole).toBe(false);
    half.note(chunk({ content: '\udd8a' }));
    expect(half.whole).toBe(true);
    half.note(chunk({ content: '01234567' }));
    expect(half.whole).toBe(false);
  });
});

describe('A chunk of a continuation', () => {
  it('gets id, model, time and fingerprint of the first endpoint', () => {
    const { next } = brokenAfter('One');
    expect(
      next(chunk({ content: ' two' }, { id: 'other', created: 2, model: 'n', system_fingerprint: 'b' })),
    ).toEqual({
      ...HEAD,
      choices: [{ index: 0, delta: { content: ' two' }, finish_reason: null }],
    });
  });

  it('has no fingerprint where the first endpoint gave none', () => {
    const transcript = new ChatTranscript(1_000);
    const { system_fingerprint: _, ...json } = chunk({ content: 'One' }).json;
    transcript.note({ ...chunk({ content: 'One' }), json });
    const continuation = new Continuation(transcript, transcript.soFar);
    expect(Buffer.from(continuation.rewrite(chunk({ content: ' two' })) ?? []).toString()).not.toContain(
      'fingerprint',
    );
  });

  it('that brings the role alone is left out, and a role beside text is taken away', () => {
    const { next } = brokenAfter('One');
    expect(next(chunk({ role: 'assistant', content: '' }))).toBeUndefined();
    expect(next(chunk({ role: 'assistant', content: ' two' })).choices[0].delta).toEqual({ content: ' two' });
  });

  it.each([
    ['the same', [' \n Two'], 'One. \n Two'],
    ['the same, in pieces', [' ', '\n', ' ', 'Two'], 'One. \n Two'],
    ['more', [' \n  \n Two'], 'One. \n  \n Two'],
    ['less', [' Two'], 'One. \n Two'],
    ['none', ['Two'], 'One. \n Two'],
  ])(
    'does not repeat white space that came before the seam: the endpoint writes %s',
    (_name, pieces, expected) => {
      const { next, transcript } = brokenAfter('One.', ' \n ');
      const passed = pieces.map((content) => next(chunk({ content }))?.choices[0].delta.content ?? '');
      expect(`One. \n ${passed.join('')}`).toBe(expected);
      expect(transcript.text).toBe(expected);
    },
  );

  it('with usage tells that of the whole answer: the text so far counts once, as completion', () => {
    const { next } = brokenAfter('One', ' two');
    const usage = { prompt_tokens: 12, completion_tokens: 5, total_tokens: 17, other: 'kept' };
    const event = read({ ...HEAD, choices: [], usage });
    if (event.kind !== 'chunk') throw new Error('not a chunk');
    expect(next(event)).toEqual({
      ...HEAD,
      choices: [],
      usage: { prompt_tokens: 10, completion_tokens: 7, total_tokens: 17, other: 'kept' },
    });
  });

  it('counts on through a second seam', () => {
    const { transcript, next } = brokenAfter('One', ' two');
    next(chunk({ content: ' three' }));
    expect(transcript.soFar).toEqual({ text: 'One two three', trimmed: '', tokens: 3 });
  });

  it('keeps the finish reason', () => {
    const { next, transcript } = brokenAfter('One');
    expect(next(chunk({ content: '' }, {}, { finish_reason: 'stop' })).choices).toEqual([
      { index: 0, delta: {}, finish_reason: 'stop' },
    ]);
    expect(transcript.finished).toBe(true);
  });
});

it('An answer at its token limit ends with the reason "length" under the same id', () => {
  const { transcript } = brokenAfter('One');
  expect(read(JSON.parse(Buffer.from(lengthEvent(transcript.head)).toString().slice(6)))).toMatchObject({
    kind: 'chunk',
    finished: true,
    json: { ...HEAD, choices: [{ finish_reason: 'length' }] },
  });
});
