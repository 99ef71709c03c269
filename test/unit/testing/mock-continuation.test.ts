import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MockLlmServer } from '../../../src/testing/mock-llm-server.js';
import { readChatStream } from '../../support/chat-stream.js';
import { post } from '../../support/raw-call.js';

let server: MockLlmServer;
beforeAll(async () => {
  server = await MockLlmServer.start({ tokens: 20, multibyte: true });
});
afterAll(() => server.kill());

/** What the server writes after `begun`. */
async function rest(begun: string, extra: object = {}) {
  const { text } = await post(`${server.url}/v1/chat/completions`, {
    messages: [
      { role: 'user', content: 'four' },
      { role: 'assistant', content: begun },
    ],
    stream: true,
    stream_options: { include_usage: true },
    continue_final_message: true,
    add_generation_prompt: false,
    ...extra,
  });
  return readChatStream(text);
}

describe('a mock server asked to continue a message', () => {
  it('goes on with its text, wherever the message ends', async () => {
    const whole = server.completionText();
    for (let at = 0; at <= whole.length; at += 3) {
      const begun = whole.slice(0, at);
      expect(begun + (await rest(begun)).text).toBe(whole);
    }
  });

  it('counts the message as prompt, and what it writes as completion', async () => {
    const { usages, finishes } = await rest(server.completionText(5));
    expect(usages).toEqual([{ prompt_tokens: 6, completion_tokens: 15, total_tokens: 21 }]);
    expect(finishes).toEqual(['stop']);
  });

  it('keeps to the limit of this request', async () => {
    const { text, finishes } = await rest(server.completionText(5), { max_tokens: 3 });
    expect(server.completionText(5) + text).toBe(server.completionText(8));
    expect(finishes).toEqual(['length']);
  });

  it('has nothing to add to a message that is complete', async () => {
    expect(await rest(server.completionText())).toMatchObject({ text: '', finishes: ['stop'] });
  });

  it('answers from the start when the message is not its own', async () => {
    expect((await rest('Something else')).text).toBe(server.completionText());
  });

  it('answers from the start when it is not told to continue', async () => {
    const begun = server.completionText(5);
    expect((await rest(begun, { continue_final_message: false })).text).toBe(server.completionText());
  });

  it('gives the rest alone in an answer that does not stream', async () => {
    const { text } = await post(`${server.url}/v1/chat/completions`, {
      messages: [{ role: 'assistant', content: server.completionText(18) }],
      continue_final_message: true,
    });
    const content: string = JSON.parse(text).choices[0].message.content;
    expect(server.completionText(18) + content).toBe(server.completionText());
  });
});
