/** A chat completion of 580 bytes. */
export const ANSWER = Buffer.from(
  padded(580, (content) => ({
    id: 'chatcmpl-0123456789abcdefghijklmnopqrs',
    object: 'chat.completion',
    created: 1_700_000_000,
    model: 'bench-model',
    choices: [{ index: 0, message: { role: 'assistant', content }, logprobs: null, finish_reason: 'stop' }],
    usage: { prompt_tokens: 42, completion_tokens: 60, total_tokens: 102 },
    system_fingerprint: 'fp_0123456789',
  })),
);

/** A question of 255 bytes, as text: what clients hand to `fetch`. */
export const QUESTION = question(255);

/** The same, of any size. */
export function question(bytes: number): string {
  return padded(bytes, (content) => ({
    model: 'bench-model',
    messages: [{ role: 'user', content }],
    max_tokens: 60,
    temperature: 0.7,
  }));
}

/** The same, for an answer that streams. */
export const STREAM_QUESTION = padded(255, (content) => ({
  model: 'bench-model',
  stream: true,
  messages: [{ role: 'user', content }],
  max_tokens: 500,
}));

/** One event of an answer that streams, 207 bytes with its blank line: a token of this text. */
export function tokenEvent(content: string): string {
  const data = (filler: string) => ({
    id: `chatcmpl-${filler}`,
    object: 'chat.completion.chunk',
    created: 1_700_000_000,
    model: 'bench-model',
    choices: [{ index: 0, delta: { content }, logprobs: null, finish_reason: null }],
  });
  return `data: ${padded(207 - 'data: \n\n'.length, data)}\n\n`;
}

/** What comes after the last token. */
export const LAST_EVENTS = `data: ${JSON.stringify({
  id: 'chatcmpl-end',
  object: 'chat.completion.chunk',
  created: 1_700_000_000,
  model: 'bench-model',
  choices: [{ index: 0, delta: {}, logprobs: null, finish_reason: 'stop' }],
})}\n\ndata: [DONE]\n\n`;

/** As a chunk of a chunked body. */
export function chunk(text: string): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
}

function padded(bytes: number, make: (content: string) => object): string {
  return JSON.stringify(make('a'.repeat(bytes - JSON.stringify(make('')).length)));
}
