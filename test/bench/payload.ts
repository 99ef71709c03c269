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
export const QUESTION = padded(255, (content) => ({
  model: 'bench-model',
  messages: [{ role: 'user', content }],
  max_tokens: 60,
  temperature: 0.7,
}));

function padded(bytes: number, make: (content: string) => object): string {
  return JSON.stringify(make('a'.repeat(bytes - JSON.stringify(make('')).length)));
}
