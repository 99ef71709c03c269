import {
  asNumber,
  asObject,
  asString,
  type Completion,
  type JsonObject,
  openAiError,
  type Protocol,
  promptTokens,
  SSE,
} from './protocol.js';

/** Usage as the OpenAI APIs that speak of `prompt_tokens` give it. */
export function openAiUsage({ promptTokens, tokens }: Completion): object {
  return { prompt_tokens: promptTokens, completion_tokens: tokens, total_tokens: promptTokens + tokens };
}

/** Names a token limit that was reached. */
export function openAiFinish({ limited }: Completion): string {
  return limited ? 'length' : 'stop';
}

/** https://platform.openai.com/docs/api-reference/chat */
export const openAiChat: Protocol = {
  path: '/v1/chat/completions',
  framing: SSE,
  read: (body) => {
    const begun = begunAnswer(body);
    const prompt = begun === undefined ? body.messages : (body.messages as unknown[]).slice(0, -1);
    return {
      model: asString(body.model),
      streaming: body.stream === true,
      promptTokens: promptTokens(prompt),
      maxTokens: asNumber(body.max_completion_tokens) ?? asNumber(body.max_tokens),
      includeUsage: asObject(body.stream_options).include_usage === true,
      begun,
    };
  },
  whole: (completion) =>
    JSON.stringify({
      id: `chatcmpl-${completion.id}`,
      object: 'chat.completion',
      created: completion.created,
      model: completion.model,
      system_fingerprint: completion.server,
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: completion.text, refusal: null },
          logprobs: null,
          finish_reason: openAiFinish(completion),
        },
      ],
      usage: openAiUsage(completion),
    }),
  stream: (completion) => {
    const head = JSON.stringify({
      id: `chatcmpl-${completion.id}`,
      object: 'chat.completion.chunk',
      created: completion.created,
      model: completion.model,
      system_fingerprint: completion.server,
    }).slice(0, -1);
    const open = `data: ${head},"choices":[{"index":0,"delta":`;
    const usage = completion.includeUsage ? ',"usage":null' : '';
    const close = `,"logprobs":null,"finish_reason":null}]${usage}}\n\n`;
    const end = (finish: string) =>
      `${open}{},"logprobs":null,"finish_reason":"${finish}"}]${usage}}\n\n` +
      (completion.includeUsage
        ? `data: ${head},"choices":[],"usage":${JSON.stringify(openAiUsage(completion))}}\n\n`
        : '') +
      'data: [DONE]\n\n';
    return {
      head: () => `${open}{"role":"assistant","content":""}${close}`,
      token: (piece) => `${open}{"content":${JSON.stringify(piece)}}${close}`,
      tail: () => end(openAiFinish(completion)),
      abort: () => end('abort'),
      error: (error) => `data: ${openAiError(error)}\n\ndata: [DONE]\n\n`,
    };
  },
  error: openAiError,
};

/** The last message, when it is the assistant's and to be continued: vLLM's and SGLang's `continue_final_message`. */
function begunAnswer(body: JsonObject): string | undefined {
  if (body.continue_final_message !== true || !Array.isArray(body.messages)) return undefined;
  const last = asObject(body.messages.at(-1));
  return last.role === 'assistant' ? asString(last.content) : undefined;
}
