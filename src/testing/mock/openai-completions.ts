import { openAiFinish, openAiUsage } from './openai-chat.js';
import { asNumber, asObject, asString, openAiError, type Protocol, promptTokens, SSE } from './protocol.js';

/** https://platform.openai.com/docs/api-reference/completions */
export const openAiCompletions: Protocol = {
  path: '/v1/completions',
  framing: SSE,
  read: (body) => ({
    model: asString(body.model),
    streaming: body.stream === true,
    promptTokens: promptTokens(body.prompt),
    maxTokens: asNumber(body.max_tokens),
    includeUsage: asObject(body.stream_options).include_usage === true,
  }),
  whole: (completion) =>
    JSON.stringify({
      id: `cmpl-${completion.id}`,
      object: 'text_completion',
      created: completion.created,
      model: completion.model,
      system_fingerprint: completion.server,
      choices: [{ index: 0, text: completion.text, logprobs: null, finish_reason: openAiFinish(completion) }],
      usage: openAiUsage(completion),
    }),
  stream: (completion) => {
    const head = JSON.stringify({
      id: `cmpl-${completion.id}`,
      object: 'text_completion',
      created: completion.created,
      model: completion.model,
      system_fingerprint: completion.server,
    }).slice(0, -1);
    const event = (text: string, finish: string) =>
      `data: ${head},"choices":[{"index":0,"text":${JSON.stringify(text)},"logprobs":null,"finish_reason":${finish}}]}\n\n`;
    const end = (finish: string) =>
      event('', `"${finish}"`) +
      (completion.includeUsage
        ? `data: ${head},"choices":[],"usage":${JSON.stringify(openAiUsage(completion))}}\n\n`
        : '') +
      'data: [DONE]\n\n';
    return {
      head: () => '',
      token: (piece) => event(piece, 'null'),
      tail: () => end(openAiFinish(completion)),
      abort: () => end('abort'),
      error: (error) => `data: ${openAiError(error)}\n\ndata: [DONE]\n\n`,
    };
  },
  error: openAiError,
};
